"""Makers of wearables that stand in for the real ones in tests; nobody calls them."""

from typing import Any, ClassVar

from connections.providers.sandbox import SandboxAdapter, SandboxProvider


class OwnAdapter(SandboxAdapter):
    provider_id = "own"
    authorize_url = "https://own.example/oauth/authorize"


class OwnProvider(SandboxProvider):
    """Its terms want an application of each company's own, and its notices a word of theirs."""

    id = "own"
    name = display_name = "Ownly"
    resource = "OWN"
    hosts: ClassVar[Any] = ("own.example",)
    oauth2_adapter_class = OwnAdapter
    own_client_because = "Its maker wants one application for each company."
    console_url = "https://own.example/console"
    notice_secret_name = "Verification code"
    identity_scopes: ClassVar[Any] = ("profile",)

    @classmethod
    def is_available(cls, *, simulated: bool) -> bool:
        return True

    def at(self, url: str) -> str:
        return url


class AnyAdapter(SandboxAdapter):
    provider_id = "any"
    authorize_url = "https://any.example/oauth/authorize"


class AnyProvider(OwnProvider):
    """The platform's application may serve every company; there is no stand-in for it."""

    id = "any"
    name = display_name = "Anyband"
    resource = "ANY"
    hosts: ClassVar[Any] = ("any.example",)
    oauth2_adapter_class = AnyAdapter
    own_client_because = ""
    notice_secret_name = ""
    identity_scopes: ClassVar[Any] = ()

    @classmethod
    def is_available(cls, *, simulated: bool) -> bool:
        return not simulated
