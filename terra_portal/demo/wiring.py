"""Ties portal and sandbox together, anew at every start: their ports may have changed."""

from django.conf import settings
from django.db import transaction

from connections import clients
from connections.models import OAuthClient
from connections.providers.sandbox import SandboxProvider
from developers.models import Destination
from developers.webhooks import destinations
from terra_portal import crypto, tenancy
from terra_portal.demo.people import Side
from terra_portal.demo.sandbox import Control

CLIENT_ID = "terra-portal-demo"


def register_client(control: Control) -> OAuthClient:
    """The platform's shared application at the sandbox, which every testing environment offers."""
    provider = SandboxProvider.resource
    with tenancy.system("the demo's client"):
        known = OAuthClient.objects.filter(provider=provider, client_id=CLIENT_ID).first()
    secret = known.client_secret if known else crypto.random_token()
    added = clients.add(provider, client_id=CLIENT_ID, client_secret=secret, simulated=True)
    control.call(
        "PUT",
        "clients",
        client_id=CLIENT_ID,
        client_secret=secret,
        name="Terra Portal",
        redirect_uris=[added.redirect_url],
        notice_url=added.notice_url,
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
