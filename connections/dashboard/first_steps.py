"""The way of a new environment to its first user."""

from dataclasses import dataclass

from connections.models import ConnectSession
from developers.models import ApiKey, Destination, Environment


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    page: str
    action: str
    done: bool


def first_steps(environment: Environment) -> list[Step]:
    """What is done of it. Three look-ups that stop at the first row."""
    keys = ApiKey.objects.for_environment(environment).filter(revoked_at__isnull=True)
    destinations = Destination.objects.for_environment(environment).filter(removed_at__isnull=True)
    sessions = ConnectSession.objects.for_environment(environment)
    return [
        Step(
            "Make an API key",
            "Your server shows it beside the dev-id.",
            "api_keys",
            "API keys",
            keys.exists(),
        ),
        Step(
            "Add a destination",
            "We tell it when somebody connects, and when access ends.",
            "destinations",
            "Destinations",
            destinations.exists(),
        ),
        Step(
            "Make a connect link",
            "Open it yourself: that is what your people will see.",
            "connect_links",
            "Connect links",
            sessions.exists(),
        ),
    ]
