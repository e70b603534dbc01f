"""The wearables that the portal knows, by the name that the API uses."""

from connections.providers.answers import Credentials
from connections.providers.base import WearableProvider
from connections.providers.fitbit import FitbitProvider
from connections.providers.garmin import GarminProvider
from connections.providers.google import GoogleHealthProvider
from connections.providers.oura import OuraProvider
from connections.providers.polar import PolarProvider
from connections.providers.sandbox import SandboxProvider
from connections.providers.strava import StravaProvider
from connections.providers.whoop import WhoopProvider
from connections.providers.withings import WithingsProvider

__all__ = ["PROVIDERS", "REGISTRY", "Credentials", "WearableProvider", "build"]

PROVIDERS: tuple[type[WearableProvider], ...] = (
    FitbitProvider,
    GarminProvider,
    GoogleHealthProvider,
    OuraProvider,
    PolarProvider,
    SandboxProvider,
    StravaProvider,
    WhoopProvider,
    WithingsProvider,
)
REGISTRY: dict[str, type[WearableProvider]] = {
    provider.resource: provider for provider in PROVIDERS
}


def build(credentials: Credentials) -> WearableProvider:
    """The provider's classes bound to one application's credentials."""
    return REGISTRY[credentials.provider](credentials)
