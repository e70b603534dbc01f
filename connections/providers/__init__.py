"""The wearables that the portal knows, by the name that the API uses."""

from connections.providers.answers import Credentials
from connections.providers.base import WearableProvider
from connections.providers.google import GoogleHealthProvider
from connections.providers.oura import OuraProvider
from connections.providers.sandbox import SandboxProvider

__all__ = ["REGISTRY", "Credentials", "WearableProvider", "build"]

REGISTRY: dict[str, type[WearableProvider]] = {
    provider.resource: provider
    for provider in (
        GoogleHealthProvider,
        OuraProvider,
        SandboxProvider,
    )
}


def build(credentials: Credentials) -> WearableProvider:
    """The provider's classes bound to one application's credentials."""
    return REGISTRY[credentials.provider](credentials)
