"""OAuth clients, and which of them an environment offers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.urls import reverse

from connections import alarms, applications
from connections.applications import readable
from connections.models import OAuthClient, Source
from connections.providers import REGISTRY, Credentials, WearableProvider, build
from connections.providers.answers import Failure, ProviderError
from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal import clock, tenancy
from terra_portal.errors import InvalidInputError

REJECTED_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True)
class Offer:
    """A wearable that an environment's people can connect, through this client."""

    provider: str
    name: str
    oauth_client: OAuthClient
    source: Source | None = None

    @property
    def scopes(self) -> list[str]:
        """What the company wants asked for; empty for all that the provider module names."""
        return list(self.source.scopes) if self.source else []

    @property
    def required_scopes(self) -> list[str]:
        return list(self.source.required_scopes) if self.source else []


@dataclass(frozen=True)
class Place:
    """Where a wearable stands in an environment: the client that it would use, and its source.

    Simulated clients are usable in testing only, closed ones nowhere.
    """

    provider: str
    client: OAuthClient | None
    source: Source | None
    is_usable: bool

    @property
    def is_enabled(self) -> bool:
        return self.source is None or self.source.enabled

    @property
    def is_offered(self) -> bool:
        return self.is_enabled and self.is_usable

    @property
    def own_client(self) -> OAuthClient | None:
        """The client where a company brought it, this one or another that shares it."""
        return self.client if self.client and self.client.owner_id else None


@dataclass(frozen=True)
class AddedClient:
    """A client and what to register at the provider. The hook id is not shown again."""

    client: OAuthClient
    redirect_url: str
    notice_url: str


def provider_for(client: OAuthClient) -> WearableProvider:
    """The provider's classes with this client's credentials; no call is made."""
    return build(
        Credentials(
            provider=client.provider,
            client_id=client.client_id,
            client_secret=client.client_secret,
            notice_secret=client.notice_secret,
            notice_url=notice_url(client),
            subscription_id=client.subscription_id,
            simulated=client.simulated,
        )
    )


def offered(environment: Environment, providers: Iterable[str] = ()) -> list[Offer]:
    """What this environment offers, in its order; only `providers`, where any are named."""
    wanted = set(providers)
    return [
        Offer(place.provider, REGISTRY[place.provider].display_name, place.client, place.source)
        for place in lineup(environment)
        if (not wanted or place.provider in wanted) and place.is_offered and place.client
    ]


def lineup(environment: Environment) -> list[Place]:
    """Every wearable that the portal knows, in this environment's order.

    A source of its own comes before the platform's shared client, and can switch it off.
    """
    rows = Source.objects.for_environment(environment).select_related("oauth_client")
    sources = {row.provider: row for row in rows.order_by("position", "provider")}
    shared = shared_clients(environment)
    names = [*sources, *(name for name in sorted(REGISTRY) if name not in sources)]
    return [
        _place(environment, name, sources.get(name), shared.get(name))
        for name in names
        if name in REGISTRY
    ]


def _place(
    environment: Environment, name: str, source: Source | None, shared: OAuthClient | None
) -> Place:
    client = (source.oauth_client if source else None) or shared
    usable = client is not None and _usable(environment, client)
    return Place(name, client, source, is_usable=usable)


def shared_clients(environment: Environment) -> dict[str, OAuthClient]:
    """The platform's own clients that this environment may use, one for each provider.

    Where the terms of a provider demand a company's own application there is none but simulated.
    """
    testing = environment.kind == EnvironmentKind.TESTING
    rows = OAuthClient.objects.filter(owner=None, closed_at=None)
    chosen: dict[str, OAuthClient] = {}
    for client in rows.order_by("simulated", "provider", "created_at"):
        maker = REGISTRY.get(client.provider)
        barred = maker is not None and maker.own_client_because and not client.simulated
        if maker is not None and not barred and (testing or not client.simulated):
            chosen.setdefault(client.provider, client)
    return dict(sorted(chosen.items()))


def _usable(environment: Environment, client: OAuthClient) -> bool:
    maker = REGISTRY.get(client.provider)
    fits = not client.simulated or environment.kind == EnvironmentKind.TESTING
    return (
        maker is not None
        and maker.is_available(simulated=client.simulated)
        and fits
        and client.closed_at is None
    )


def lock(environment: Environment) -> None:
    """Whoever changes what an environment offers does so one after the other."""
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)


def add(
    provider: str,
    *,
    client_id: str,
    client_secret: str,
    notice_secret: str = "",
    revoke_group: str = "",
    environment: Environment | None = None,
    simulated: bool = False,
) -> AddedClient:
    """Makes a client, the platform's own or an environment's, and attaches it.

    Attaching an id that exists needs the same secret, and only its owner adds to it or opens it
    again after it was closed. Raises InvalidInputError; whatever is wrong answers like any other
    unfit pair, so that nobody learns whether an id is in use.
    """
    name = applications.known(provider)
    given = applications.Given(
        client_id=readable("client_id", client_id),
        client_secret=readable("client_secret", client_secret),
        notice_secret=readable("notice_secret", notice_secret, needed=False),
        revoke_group=readable("revoke_group", revoke_group, needed=False, longest=100),
    )
    if simulated and environment is not None and environment.kind != EnvironmentKind.TESTING:
        raise InvalidInputError("simulated", "is for testing environments only")
    with tenancy.system("attaching a client"), transaction.atomic():
        if environment is not None:
            lock(environment)
        client = applications.find_or_make(name, given, environment, simulated)
        if environment is not None:
            attach(environment, client)
    return added(client)


def attach(environment: Environment, client: OAuthClient) -> None:
    """The source changes over to the client; a new one comes last."""
    mine = Source.objects.for_environment(environment)
    changed = {"oauth_client": client, "enabled": True}
    Source.objects.update_or_create(
        environment=environment,
        provider=client.provider,
        defaults=changed,
        create_defaults=changed | {"position": mine.count()},
    )


def added(client: OAuthClient) -> AddedClient:
    return AddedClient(client, redirect_url(client.provider), notice_url(client))


def heed(client: OAuthClient, error: ProviderError) -> None:
    """Remembers what a failed call says of the application as a whole; it ends nobody.

    A rejected one is an alarm to whoever can help.
    """
    mine = OAuthClient.objects.filter(pk=client.pk)
    now = clock.now()
    if error.retry_after:
        mine.update(busy_until=now + error.retry_after)
    if error.failure == Failure.INVALID_CLIENT:
        since = Coalesce("rejected_at", now)
        mine.update(rejected_at=since, rejected_until=now + REJECTED_PAUSE)
        alarms.raise_rejection(client.pk)


def accepted(client: OAuthClient) -> None:
    """A call of the token endpoint has succeeded: the credentials are right."""
    rejected = OAuthClient.objects.filter(pk=client.pk, rejected_at__isnull=False)
    rejected.update(rejected_at=None, rejected_until=None)


def may_try(client: OAuthClient) -> bool:
    """Whether its credentials may be tried now: once a minute for all, while they are rejected."""
    if client.rejected_at is None:
        return True
    now = clock.now()
    turn = OAuthClient.objects.filter(pk=client.pk).exclude(rejected_until__gt=now)
    return bool(turn.update(rejected_until=now + REJECTED_PAUSE))


def redirect_url(provider: str) -> str:
    """What to register as the redirect URI: one fixed address per provider."""
    slug = REGISTRY[provider].id
    return f"{settings.PUBLIC_BASE_URL}{reverse('connect_callback', args=[slug])}"


def notice_url(client: OAuthClient) -> str:
    """Where the provider sends notices about this client's grants."""
    slug = REGISTRY[client.provider].id
    return f"{settings.PUBLIC_BASE_URL}{reverse('hook', args=[slug, applications.hook_id(client)])}"
