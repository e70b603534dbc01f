"""Applications at a provider as somebody types them in: checked, found again, made, renewed."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from connections.models import OAuthClient
from connections.providers import REGISTRY
from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal import clock, crypto
from terra_portal.celery import nudge
from terra_portal.errors import InvalidInputError

WRONG = "these credentials cannot be used"
ORDERING = ("subscribe_due_at", "subscribe_tries", "subscribe_error")


@dataclass(frozen=True)
class Given:
    """What somebody types in of an application."""

    client_id: str
    client_secret: str
    notice_secret: str = ""
    revoke_group: str = ""


def known(provider: str) -> str:
    """The provider's name as the portal spells it; raises InvalidInputError."""
    name = provider.strip().upper()
    if name not in REGISTRY:
        names = ", ".join(sorted(REGISTRY))
        raise InvalidInputError("provider", f"is not one that this portal knows: {names}")
    return name


def readable(field: str, value: str, *, needed: bool = True, longest: int = 255) -> str:
    """What was pasted, without the blanks around it; raises InvalidInputError."""
    value = value.strip()
    if (needed and not value) or not value.isprintable() or len(value) > longest:
        raise InvalidInputError(field, f"must be 1 to {longest} printable characters")
    return value


def find_or_make(
    provider: str, given: Given, environment: Environment | None, simulated: bool
) -> OAuthClient:
    """The client of that id, where the credentials are right for it; a new one where none is.

    Raises InvalidInputError; needs a transaction.
    """
    client = (
        OAuthClient.objects.select_for_update(no_key=True)
        .filter(provider=provider, client_id=given.client_id)
        .first()
    )
    if client is None:
        return _make(provider, given, environment, simulated)
    right = hmac.compare_digest(client.client_secret.encode(), given.client_secret.encode())
    testing = environment is None or environment.kind == EnvironmentKind.TESTING
    if not right or client.simulated != simulated or (client.simulated and not testing):
        raise InvalidInputError("client_secret", WRONG)
    if client.owner_id == (environment.pk if environment else None):
        return _kept(client, given)
    if client.closed_at or given.notice_secret not in ("", client.notice_secret):
        raise InvalidInputError("client_secret", WRONG)
    return client


def _kept(client: OAuthClient, given: Given) -> OAuthClient:
    """Its owner brings it again, perhaps with what was not known the first time."""
    client.notice_secret = given.notice_secret or client.notice_secret
    client.revoke_group = given.revoke_group or client.revoke_group
    client.closed_at = None
    order_notices(client)
    client.save(update_fields=["notice_secret", "revoke_group", "closed_at", *ORDERING])
    return client


def _make(
    provider: str, given: Given, environment: Environment | None, simulated: bool
) -> OAuthClient:
    client = OAuthClient(
        provider=provider,
        client_id=given.client_id,
        client_secret=given.client_secret,
        notice_secret=given.notice_secret,
        owner=environment,
        simulated=simulated,
        revoke_group=given.revoke_group or REGISTRY[provider].revoke_group(given.client_id),
    )
    client.hook_hash = crypto.sha256(hook_id(client))
    order_notices(client)
    try:
        with transaction.atomic():
            client.save(force_insert=True)
    except IntegrityError:
        raise InvalidInputError("client_secret", WRONG) from None
    return client


def order_notices(client: OAuthClient) -> None:
    """Where the provider is told once for the application where notices go, it is told again.

    In memory; the caller saves it.
    """
    if REGISTRY[client.provider].subscribes_once:
        client.subscribe_due_at = clock.now()
        client.subscribe_tries, client.subscribe_error = 0, ""
        nudge("connections.subscribe_application", str(client.pk))


def hook_id(client: OAuthClient) -> str:
    """Not stored, only its hash is; whoever attaches the same client is told the same address."""
    digest = salted_hmac("connections.hook", str(client.pk), algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:24]).decode()


def renew(client: OAuthClient, *, client_secret: str = "", notice_secret: str = "") -> None:
    """Its owner changes the secrets; a blank one stays as it is. A closed client opens again.

    What the provider said of the old secret is forgotten. Raises InvalidInputError; needs a
    transaction in which the client is locked.
    """
    secret = readable("client_secret", client_secret, needed=False)
    proof = readable("notice_secret", notice_secret, needed=False)
    client.client_secret = secret or client.client_secret
    client.notice_secret = proof or client.notice_secret
    client.closed_at = None
    if secret:
        client.rejected_at = client.rejected_until = client.rejection_told_at = None
    order_notices(client)
    client.save(
        update_fields=[
            *("client_secret", "notice_secret", "closed_at"),
            *("rejected_at", "rejected_until", "rejection_told_at"),
            *ORDERING,
        ]
    )
