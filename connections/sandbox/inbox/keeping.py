"""Making inboxes, and keeping what arrives in them."""

from collections.abc import Mapping

from django.db import transaction

from ..models import Arrival, Inbox
from ..models.inbox import Verdict
from . import verify


@transaction.atomic
def put(slug: str, **changes: str) -> Inbox:
    """Make the inbox or change it. A secret that comes late checks what is still unchecked."""
    inbox, _ = Inbox.objects.get_or_create(slug=slug, defaults={"name": slug})
    for field, value in changes.items():
        setattr(inbox, field, value.strip())
    inbox.save()
    if changes.get("secret"):
        for arrival in inbox.arrivals.filter(terra_python=Verdict.NO_SECRET).order_by("-pk")[:100]:
            _check(arrival)
            arrival.save()
    return inbox


def keep(inbox: Inbox, headers: Mapping[str, str], body: bytes, *, answered: int) -> Arrival:
    arrival = Arrival(inbox=inbox, headers=dict(headers), body=body, answered=answered)
    _check(arrival)
    arrival.save()
    return arrival


def _check(arrival: Arrival) -> None:
    """Both libraries refuse a signature older than 5 minutes: *invalid* then means *too old*."""
    secret, headers, body = arrival.inbox.secret, arrival.headers, bytes(arrival.body)
    arrival.terra_python = verify.by_terra_python(body, headers, secret)
    arrival.standardwebhooks = verify.by_standardwebhooks(body, headers, secret)
