"""OAuth clients, and which of them an environment offers."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.crypto import salted_hmac

from connections.models import OAuthClient, Source
from connections.providers import REGISTRY
from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal import crypto, tenancy
from terra_portal.errors import InvalidInputError

WRONG = "these credentials cannot be used"


@dataclass(frozen=True)
class Offer:
    """A wearable that an environment's people can connect, through this client."""

    provider: str
    name: str
    oauth_client: OAuthClient


@dataclass(frozen=True)
class AddedClient:
    """A client and what to register at the provider. The hook id is not shown again."""

    client: OAuthClient
    redirect_url: str
    notice_url: str


def offered(environment: Environment, providers: Iterable[str] = ()) -> list[Offer]:
    """What this environment offers, in its order; only `providers`, where any are named.

    A source of its own comes before the platform's shared client, and can switch it off.
    Simulated clients are offered in testing only.
    """
    wanted = set(providers)
    sources = Source.objects.for_environment(environment).select_related("oauth_client")
    own = {source.provider: source for source in sources.order_by("position", "provider")}
    chosen = {name: s.oauth_client for name, s in own.items() if s.enabled}
    for client in _shared(environment).order_by("provider", "created_at"):
        if client.provider not in own:
            chosen.setdefault(client.provider, client)
    return [
        Offer(name, REGISTRY[name].display_name, client)
        for name, client in chosen.items()
        if (not wanted or name in wanted) and _usable(environment, name, client)
    ]


def _shared(environment: Environment) -> QuerySet[OAuthClient]:
    simulated = environment.kind == EnvironmentKind.TESTING
    return OAuthClient.objects.filter(owner=None, closed_at=None).filter(
        Q(simulated=False) | Q(simulated=simulated)
    )


def _usable(environment: Environment, provider: str, client: OAuthClient) -> bool:
    known = provider in REGISTRY and REGISTRY[provider].is_available()
    fits = not client.simulated or environment.kind == EnvironmentKind.TESTING
    return known and fits and client.closed_at is None


def add(
    provider: str,
    *,
    client_id: str,
    client_secret: str,
    environment: Environment | None = None,
    simulated: bool = False,
) -> AddedClient:
    """Makes a client, the platform's own or an environment's, and attaches it.

    Attaching an id that exists needs the same secret. Raises InvalidInputError; a wrong secret
    answers like any other unfit pair, so that nobody learns whether an id is in use.
    """
    name = provider.strip().upper()
    if name not in REGISTRY:
        known = ", ".join(sorted(REGISTRY))
        raise InvalidInputError("provider", f"is not one that this portal knows: {known}")
    for field, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not value.strip() or not value.isprintable() or len(value) > 255:
            raise InvalidInputError(field, "must be 1 to 255 printable characters")
    if simulated and environment is not None and environment.kind != EnvironmentKind.TESTING:
        raise InvalidInputError("simulated", "is for testing environments only")
    with tenancy.system("attaching a client"), transaction.atomic():
        client = _find_or_make(name, client_id, client_secret, environment, simulated)
        if environment is not None:
            Source.objects.update_or_create(
                environment=environment,
                provider=name,
                defaults={"oauth_client": client, "enabled": True},
            )
    return AddedClient(client, redirect_url(name), notice_url(client))


def _find_or_make(
    provider: str,
    client_id: str,
    client_secret: str,
    environment: Environment | None,
    simulated: bool,
) -> OAuthClient:
    client = (
        OAuthClient.objects.select_for_update()
        .filter(provider=provider, client_id=client_id)
        .first()
    )
    if client is None:
        return _make(provider, client_id, client_secret, environment, simulated)
    right = hmac.compare_digest(client.client_secret.encode(), client_secret.encode())
    testing = environment is None or environment.kind == EnvironmentKind.TESTING
    if not right or client.simulated != simulated or (client.simulated and not testing):
        raise InvalidInputError("client_secret", WRONG)
    return client


def _make(
    provider: str,
    client_id: str,
    client_secret: str,
    environment: Environment | None,
    simulated: bool,
) -> OAuthClient:
    client = OAuthClient(
        provider=provider,
        client_id=client_id,
        client_secret=client_secret,
        owner=environment,
        simulated=simulated,
    )
    client.hook_hash = crypto.sha256(_hook_id(client))
    try:
        with transaction.atomic():
            client.save(force_insert=True)
    except IntegrityError:
        raise InvalidInputError("client_secret", WRONG) from None
    return client


def _hook_id(client: OAuthClient) -> str:
    """Not stored, only its hash is; whoever attaches the same client is told the same address."""
    digest = salted_hmac("connections.hook", str(client.pk), algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:24]).decode()


def redirect_url(provider: str) -> str:
    """What to register as the redirect URI: one fixed address per provider."""
    slug = REGISTRY[provider].id
    return f"{settings.PUBLIC_BASE_URL}{reverse('connect_callback', args=[slug])}"


def notice_url(client: OAuthClient) -> str:
    """Where the provider sends notices about this client's grants."""
    slug = REGISTRY[client.provider].id
    return f"{settings.PUBLIC_BASE_URL}{reverse('hook', args=[slug, _hook_id(client)])}"
