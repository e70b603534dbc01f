"""The link itself: who asks, what is on offer, what is connected already."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connections import clients
from connections.models import ConnectSession
from connections.pages import context, policy
from connections.pages.access import open_link
from connections.pages.landing import return_addresses
from connections.pages.wearables import authorize_url, display_name, held
from connections.providers.phone import PHONE_SOURCES
from connections.states import AttemptState


@dataclass(frozen=True)
class Held:
    """A connection as its own person reads it."""

    id: UUID
    provider: str
    name: str
    since: datetime


@require_GET
@open_link
def connect(request: HttpRequest, token: str, session: ConnectSession) -> HttpResponse:
    """The wearables to pick from, a POST form each: link scanners must not begin anything.

    Where there is nothing to pick, a browser with JavaScript sends the one form by itself.
    """
    offers = clients.offered(session.environment, session.providers)
    connected = [
        Held(one.pk, one.provider, display_name(one.provider), one.created_at)
        for one in held(session)
    ]
    done = request.GET.get("done") == "disconnected"
    shown = context.of(
        session.environment,
        token=token,
        offers=offers,
        held=connected,
        phone_sources=[] if session.providers else PHONE_SOURCES,
        done=done,
        skips=len(offers) == 1 and not connected and not done and not _has_failed(session),
    )
    page = render(request, "connect/picker.html", shown)
    return policy.let_forms_reach(
        page, [*(authorize_url(offer.oauth_client) for offer in offers), *return_addresses(session)]
    )


def _has_failed(session: ConnectSession) -> bool:
    """Whoever comes back after a failure decides for themselves whether to try once more."""
    return session.attempts.filter(state=AttemptState.FAILED).exists()
