"""The closed lists of the company side. Each is defined here and nowhere else."""

from django.db.models import TextChoices


class Role(TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    DEVELOPER = "developer", "Developer"
    VIEWER = "viewer", "Viewer"

    def reaches(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


class EnvironmentKind(TextChoices):
    TESTING = "testing", "Testing"
    STAGING = "staging", "Staging"
    PRODUCTION = "production", "Production"


class DestinationState(TextChoices):
    ENABLED = "enabled", "Enabled"
    PAUSED = "paused", "Paused"
    DISABLED = "disabled", "Disabled"


class StoppedBecause(TextChoices):
    """Why a destination is not enabled."""

    PAUSED = "paused", "Paused by a member"
    GONE = "gone", "It answered 410 Gone"
    FAILING = "failing", "Nothing but failures for five days"


class RecoveryState(TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"


class DeliveryState(TextChoices):
    DUE = "due", "Waiting"
    CLAIMED = "claimed", "Sending"
    DELIVERED = "delivered", "Delivered"
    EXHAUSTED = "exhausted", "Given up"
    HELD = "held", "Held"


class EventType(TextChoices):
    AUTH = "auth", "auth"
    AUTH_CANCELLED = "auth_cancelled", "auth_cancelled"
    DEAUTH = "deauth", "deauth"
    USER_REAUTH = "user_reauth", "user_reauth"
    ACCESS_REVOKED = "access_revoked", "access_revoked"
    PERMISSION_CHANGE = "permission_change", "permission_change"
    CONNECTION_ERROR = "connection_error", "connection_error"
