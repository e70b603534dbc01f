"""Ties portal and sandbox together, anew at every start: their ports may have changed."""

from django.conf import settings
from django.db import transaction

from connections import clients
from connections.models import OAuthClient
from connections.providers import PROVIDERS, WearableProvider
from connections.providers.sandbox import SandboxProvider
from developers.models import Destination
from developers.webhooks import destinations
from terra_portal import crypto, tenancy
from terra_portal.demo.people import Side
from terra_portal.demo.sandbox import Control

CLIENT_ID = "terra-portal-demo"


def register_clients(control: Control) -> OAuthClient:
    """The platform's shared applications, one at each wearable that the sandbox plays.

    Every testing environment offers them. Returns the one at the sandbox's own wearable.
    """
    for maker in PROVIDERS:
        if maker is not SandboxProvider and maker.is_available(simulated=True):
            _register(control, maker, f"{CLIENT_ID}-{maker.id}")
    return _register(control, SandboxProvider, CLIENT_ID)


def _register(control: Control, maker: type[WearableProvider], client_id: str) -> OAuthClient:
    with tenancy.system("the demo's clients"):
        known = OAuthClient.objects.filter(provider=maker.resource, client_id=client_id).first()
    secret = known.client_secret if known else crypto.random_token()
    proof = crypto.random_token() if maker.notice_secret_name else ""
    added = clients.add(
        maker.resource,
        client_id=client_id,
        client_secret=secret,
        notice_secret=known.notice_secret if known else proof,
        simulated=True,
    )
    control.call(
        "PUT",
        "clients",
        client_id=client_id,
        client_secret=secret,
        name="Terra Portal",
        personality=maker.id,
        redirect_uris=[added.redirect_url],
        notice_url=added.notice_url,
        notice_secret=added.client.notice_secret if maker.notice_secret_name else "",
    )
    return added.client


def add_inbox(side: Side) -> None:
    """The company's webhooks go to its inbox at the sandbox."""
    destinations.add(side.environment, _hook(side), by=side.owner)


def join_inbox(side: Side, control: Control) -> str:
    """The inbox knows the signing secret, and the destination today's port; the page's address."""
    mine = Destination.objects.for_environment(side.environment).filter(removed_at=None)
    with tenancy.environment(side.environment.id), transaction.atomic():
        destination = mine.filter(url__endswith=f"/inbox/{side.company.slug}/hook/").first()
        if destination is not None and destination.url != _hook(side):
            destination.url = _hook(side)
            destination.save(update_fields=["url"])
    if destination is not None:
        secret, name = destination.signing_secret, side.company.name
        control.call("PUT", f"inboxes/{side.company.slug}", name=name, secret=secret)
    return f"{settings.SANDBOX_URL}/inbox/{side.company.slug}/"


def _hook(side: Side) -> str:
    return f"{settings.SANDBOX_URL}/inbox/{side.company.slug}/hook/"
