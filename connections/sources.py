"""What an environment offers: which wearables, in which order, what data, through whose client."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from connections import applications, clients
from connections.clients import AddedClient
from connections.models import ConnectAttempt, Connection, OAuthClient, Source
from connections.providers import REGISTRY, WearableProvider
from developers import audit
from developers.models import Environment, User
from developers.states import EnvironmentKind
from terra_portal import clock, tenancy
from terra_portal.errors import InvalidInputError


@dataclass(frozen=True)
class Holding:
    """How many of an environment's users stand on one client."""

    provider: str
    client: UUID
    client_id: str
    is_shared: bool
    is_closed: bool
    users: int


def holdings(environment: Environment) -> list[Holding]:
    """Every client that an active user of this environment stands on. Nobody else is counted."""
    on = "grant__oauth_client"
    rows = (
        Connection.objects.for_environment(environment)
        .active()
        .values_list("provider", on, f"{on}__client_id", f"{on}__owner", f"{on}__closed_at")
        .annotate(users=Count("id"))
        .order_by("provider", f"{on}__created_at")
    )
    return [
        Holding(provider, client, client_id, owner is None, closed_at is not None, users)
        for provider, client, client_id, owner, closed_at, users in rows
    ]


def may_bring(environment: Environment, provider: str, *, simulated: bool) -> bool:
    """Whether an application of the company's own can be used here at all.

    A make-believe maker has no real one; stand-ins are for testing environments.
    """
    maker = REGISTRY[provider]
    if simulated:
        return environment.kind == EnvironmentKind.TESTING and maker.is_available(simulated=True)
    return bool(maker.hosts) and maker.is_available(simulated=False)


@transaction.atomic
def switch(environment: Environment, provider: str, *, on: bool, by: User | None = None) -> Source:
    """Offers a wearable or stops offering it; users who are connected stay.

    Raises InvalidInputError where there is no application to offer it through.
    """
    source = _locked(environment, provider)
    if on and not _is_usable(environment, source.provider):
        raise InvalidInputError("on", "There is no application yet to offer it through.")
    if source.enabled != on:
        source.enabled = on
        source.save(update_fields=["enabled"])
        _note(environment, "enabled" if on else "disabled", source, by)
    return source


@transaction.atomic
def move(environment: Environment, provider: str, *, up: bool, by: User | None = None) -> int:
    """One place up or down the list; the new place, counted from 1. At its end nothing moves."""
    name = applications.known(provider)
    rows = _rows(environment)
    here = next(place for place, row in enumerate(rows) if row.provider == name)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(rows):
        return here + 1
    rows[here], rows[there] = rows[there], rows[here]
    _number(rows)
    _note(environment, "moved", rows[there], by, f"to place {there + 1}")
    return there + 1


@transaction.atomic
def choose_data(
    environment: Environment,
    provider: str,
    *,
    required: Sequence[str],
    scopes: Sequence[str] | None = None,
    by: User | None = None,
) -> Source:
    """What people are asked for, and what they must share for the connection to be made.

    `scopes` is for an own application; None leaves it as it is. Raises InvalidInputError naming
    `scopes` or `required`.
    """
    source = _locked(environment, provider)
    asked = source.scopes if scopes is None else _asked(source, scopes)
    source.required_scopes = _required(source.provider, asked, required)
    source.scopes = asked
    source.save(update_fields=["scopes", "required_scopes"])
    _note(environment, "data_chosen", source, by)
    return source


def asked_for(provider: str, scopes: Sequence[str]) -> list[str]:
    """All that a person is asked for where a source says `scopes`, as the maker orders them."""
    maker = REGISTRY[provider]
    wanted = {*(scopes or maker.scope_labels), *always_asked(maker)}
    return [scope for scope in maker.scope_labels if scope in wanted]


def always_asked(maker: type[WearableProvider]) -> Sequence[str]:
    """Data without which the maker cannot tell accounts apart."""
    return tuple(getattr(maker, "identity_scopes", ()))


def _asked(source: Source, scopes: Sequence[str]) -> list[str]:
    """As stored: empty for all that there is, now and later."""
    maker = REGISTRY[source.provider]
    if _own(source) is None:
        raise InvalidInputError("scopes", "can be chosen for an application of your own only")
    if set(scopes) - set(maker.scope_labels):
        raise InvalidInputError("scopes", "holds something that this wearable does not have")
    if not scopes:
        raise InvalidInputError("scopes", "Ask for one kind of data at least.")
    asked = asked_for(source.provider, scopes)
    return [] if asked == list(maker.scope_labels) else asked


def _required(provider: str, scopes: Sequence[str], required: Sequence[str]) -> list[str]:
    asked = asked_for(provider, scopes)
    if set(required) - set(REGISTRY[provider].scope_labels):
        raise InvalidInputError("required", "holds something that this wearable does not have")
    beyond = [scope for scope in required if scope not in asked]
    if beyond:
        raise InvalidInputError("required", "Only what people are asked for can be required.")
    return [scope for scope in asked if scope in required]


@transaction.atomic
def bring(
    environment: Environment,
    provider: str,
    *,
    client_id: str,
    client_secret: str = "",
    notice_secret: str = "",
    simulated: bool | None = None,
    by: User | None = None,
) -> AddedClient:
    """The environment uses an application of its own from now on.

    The same client id changes the secrets in place, where a blank one stays as it is. Another id
    makes another client: users on the earlier one stay there, and it is closed as soon as nothing
    depends on it. `simulated` is as it was, or as it alone can be, unless said.

    Raises InvalidInputError.
    """
    source = _locked(environment, provider)
    before = _own(source)
    with tenancy.system("an application may be known already"):
        client_id = applications.readable("client_id", client_id)
        mine = _mine(environment, source.provider, client_id)
        if mine is None:
            if simulated is None:
                simulated = before.simulated if before else not REGISTRY[source.provider].hosts
            if not may_bring(environment, source.provider, simulated=simulated):
                raise InvalidInputError("simulated", "Such an application cannot be used here.")
            made = clients.add(
                source.provider,
                client_id=client_id,
                client_secret=client_secret,
                notice_secret=notice_secret,
                environment=environment,
                simulated=simulated,
            )
        else:
            if simulated not in (None, mine.simulated):
                raise InvalidInputError("simulated", "An application never changes in this.")
            _require_news(client_secret, notice_secret, is_current=mine == before)
            applications.renew(mine, client_secret=client_secret, notice_secret=notice_secret)
            if mine != before:
                clients.attach(environment, mine)
            made = clients.added(mine)
        _retire(environment, made.client)
    _note(environment, _deed(before, made.client), source, by, made.client.client_id)
    return made


def _require_news(client_secret: str, notice_secret: str, *, is_current: bool) -> None:
    """A blank secret stays as it is, but only of the application in use and beside another."""
    if not client_secret.strip() and not (is_current and notice_secret.strip()):
        raise InvalidInputError("client_secret", "Paste the secret that is valid now.")


def _deed(before: OAuthClient | None, now: OAuthClient) -> str:
    if before is None:
        return "application_added"
    return "secret_changed" if before == now else "application_replaced"


@transaction.atomic
def close(environment: Environment, provider: str, *, by: User | None = None) -> None:
    """Nothing begins on the environment's own application any more; its users go on.

    The wearable is then off, until somebody offers it through another application. Only for the
    owner is the client itself closed: who merely shares it leaves it. Raises InvalidInputError.
    """
    source = _locked(environment, provider)
    client = _own(source)
    if client is None:
        raise InvalidInputError("provider", "has no application of your own here")
    source.oauth_client, source.enabled, source.scopes = None, False, []
    source.save(update_fields=["oauth_client", "enabled", "scopes"])
    if client.owner_id == environment.pk:
        with tenancy.system("a client serves whoever shares it"):
            _shut(client)
    _note(environment, "application_closed", source, by, client.client_id)


def _retire(environment: Environment, current: OAuthClient) -> None:
    """Closes the environment's earlier clients that nothing depends on, attempts in flight too."""
    rows = OAuthClient.objects.select_for_update(no_key=True).order_by("pk")
    mine = rows.filter(owner=environment, provider=current.provider, closed_at=None)
    for client in mine.exclude(pk=current.pk):
        users = Connection.objects.active().filter(grant__oauth_client=client)
        attempts = ConnectAttempt.objects.filter(oauth_client=client, finished_at=None)
        if not (client.sources.exists() or users.exists() or attempts.exists()):
            _shut(client)


def _shut(client: OAuthClient) -> None:
    OAuthClient.objects.filter(pk=client.pk, closed_at=None).update(closed_at=clock.now())


def _mine(environment: Environment, provider: str, client_id: str) -> OAuthClient | None:
    """The environment's own application of that id, in use or not."""
    rows = OAuthClient.objects.select_for_update(no_key=True)
    return rows.filter(provider=provider, client_id=client_id, owner=environment).first()


def _own(source: Source) -> OAuthClient | None:
    client = source.oauth_client
    return client if client and client.owner_id else None


def _is_usable(environment: Environment, provider: str) -> bool:
    places = clients.lineup(environment)
    return any(place.is_usable for place in places if place.provider == provider)


def _locked(environment: Environment, provider: str) -> Source:
    """The source of that wearable, with whoever else changes one kept waiting."""
    name = applications.known(provider)
    return next(row for row in _rows(environment) if row.provider == name)


def _rows(environment: Environment) -> list[Source]:
    """One source for each wearable that is known, in order. What is missing is made.

    A new one says no more than its absence did: offered, where the platform shares a client.
    """
    clients.lock(environment)
    mine = Source.objects.for_environment(environment).select_related("oauth_client")
    rows = [row for row in mine.order_by("position", "provider") if row.provider in REGISTRY]
    missing = REGISTRY.keys() - {row.provider for row in rows}
    made = [Source(environment=environment, provider=name) for name in sorted(missing)]
    rows += Source.objects.bulk_create(made)
    _number(rows)
    return rows


def _number(rows: Sequence[Source]) -> None:
    moved = [row for place, row in enumerate(rows) if row.position != place]
    for place, row in enumerate(rows):
        row.position = place
    Source.objects.bulk_update(moved, ["position"])


def _note(
    environment: Environment, deed: str, source: Source, by: User | None, what: str = ""
) -> None:
    name = REGISTRY[source.provider].display_name
    subject = f"{name}: {what}" if what else name
    audit.record(
        environment.company, f"source.{deed}", environment=environment, actor=by, subject=subject
    )
