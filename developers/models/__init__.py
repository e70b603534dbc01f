from developers.models.api_key import ApiKey
from developers.models.audit import AuditEntry
from developers.models.company import Company, Environment, EnvironmentQuerySet, Membership
from developers.models.recovery import Recovery
from developers.models.user import User
from developers.models.webhook import Attempt, Delivery, Destination, Event

__all__ = [
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "Company",
    "Delivery",
    "Destination",
    "Environment",
    "EnvironmentQuerySet",
    "Event",
    "Membership",
    "Recovery",
    "User",
]
