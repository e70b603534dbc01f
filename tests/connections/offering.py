"""Two companies and three makers, for the tests of what an environment offers."""

from dataclasses import dataclass
from typing import Any

import pytest

from connections import clients
from connections.models import Connection, OAuthClient, Source
from developers.models import AuditEntry, Environment
from terra_portal.errors import InvalidInputError
from tests import cast

GIVEN: dict[str, Any] = {"client_id": "our-app", "client_secret": "our-secret"}


@dataclass
class Company:
    testing: Environment
    production: Environment


def company(name: str) -> Company:
    made = cast.company(name).environments
    return Company(made["testing"], made["production"])


def refused(act: Any, *args: Any, **kwargs: Any) -> str:
    """The field that the verb complains of."""
    with pytest.raises(InvalidInputError) as raised:
        act(*args, **kwargs)
    return raised.value.field


def order(environment: Environment) -> list[str]:
    return [place.provider for place in clients.lineup(environment)]


def offers(environment: Environment) -> list[str]:
    return [offer.provider for offer in clients.offered(environment)]


def source(environment: Environment, provider: str) -> Source:
    return Source.objects.for_environment(environment).get(provider=provider)


def client(client_id: str = "our-app") -> OAuthClient:
    return OAuthClient.objects.get(client_id=client_id)


def user_on(environment: Environment, held: OAuthClient) -> Connection:
    return cast.connection(environment, on=cast.grant(held))


def deeds(environment: Environment) -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(environment=environment, action__startswith="source.")
    return list(found.order_by("at").values_list("action", "subject"))
