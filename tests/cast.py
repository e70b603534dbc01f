"""The people and rows of tests: two companies, a wearable's client, grants and connections."""

import itertools
from datetime import timedelta
from typing import Any

from connections.models import Connection, Grant, OAuthClient, Source
from connections.states import ConnectionState, End, GrantState
from developers import companies
from developers.companies import CreatedCompany
from developers.models import Environment, User
from terra_portal import clock, crypto

# Found nowhere but in the sealed columns: a page or a log line that shows one has leaked.
ACCESS_TOKEN = "access-token-that-nobody-may-read"
REFRESH_TOKEN = "refresh-token-that-nobody-may-read"
CLIENT_SECRET = "client-secret-that-nobody-may-read"

_numbers = itertools.count(1)


def person(email: str = "", *, password: str = "", **extra: Any) -> User:
    """Somebody who signs in; an address of their own when none is given."""
    return User.objects.create_user(
        email or f"person{next(_numbers)}@example.org", password or None, **extra
    )


def company(name: str = "A", *, owner: User | None = None) -> CreatedCompany:
    """A company with its three environments and a first API key in each."""
    return companies.create(name, owner=owner or person())


def oauth_client(provider: str = "SANDBOX", *, simulated: bool = True) -> OAuthClient:
    """A shared client of the platform at `provider`, new at each call."""
    number = next(_numbers)
    return OAuthClient.objects.create(
        provider=provider,
        client_id=f"client-{number}",
        client_secret=CLIENT_SECRET,
        simulated=simulated,
        hook_hash=crypto.sha256(f"hook-{number}"),
    )


def source(environment: Environment, client: OAuthClient) -> Source:
    """`environment` offers the client's provider."""
    return Source.objects.create(
        environment=environment, provider=client.provider, oauth_client=client
    )


def grant(client: OAuthClient | None = None, *, account: str = "") -> Grant:
    """A live grant of one wearable account, on a client of its own when none is given."""
    client = client or oauth_client()
    return Grant.objects.create(
        oauth_client=client,
        provider_user_id=account or f"account-{next(_numbers)}",
        state=GrantState.ACTIVE,
        version=1,
        authorisation_number=1,
        authorised_at=clock.now(),
        scopes=["activity", "sleep"],
        access_token=ACCESS_TOKEN,
        refresh_token=REFRESH_TOKEN,
        access_expires_at=clock.now() + timedelta(hours=8),
    )


def connection(
    environment: Environment, *, reference_id: str = "", on: Grant | None = None, **extra: Any
) -> Connection:
    """A user of `environment` who is connected, on a grant of their own when none is given."""
    on = on or grant()
    return Connection.objects.create(
        environment=environment,
        grant=on,
        provider=on.oauth_client.provider,
        provider_user_id=on.provider_user_id,
        reference_id=reference_id,
        **{"scopes": on.scopes, "consented_scopes": on.scopes} | extra,
    )


def ended(environment: Environment, *, kind: End = End.DISCONNECTED, **extra: Any) -> Connection:
    """A user whose connection has ended; its log row is not written."""
    return connection(
        environment,
        state=ConnectionState.ENDED,
        end_kind=kind,
        ended_at=clock.now(),
        **extra,
    )
