"""The wearables of a session as its pages show them."""

from connections import clients
from connections.models import Connection, ConnectSession, OAuthClient
from connections.providers import REGISTRY


def display_name(provider: str) -> str:
    """The name that people know; of a provider that has left the list, its code made readable."""
    known = REGISTRY.get(provider)
    return known.display_name if known else provider.replace("_", " ").title()


def held(session: ConnectSession) -> list[Connection]:
    """What the person behind this link may see and end here, newest first.

    Empty unless the company wants it shown. Without a reference the link names nobody, so
    nothing can be said to be theirs.
    """
    if not (session.show_disconnect and session.reference_id):
        return []
    mine = Connection.objects.for_environment(session.environment).active()
    return list(mine.filter(reference_id=session.reference_id).order_by("-created_at", "-id"))


def authorize_url(client: OAuthClient) -> str:
    """Where this client's people are sent to."""
    provider = clients.provider_for(client)
    return provider.at(provider.adapter.authorize_url)
