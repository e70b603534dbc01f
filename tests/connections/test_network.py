"""No call leaves the house inside a transaction, and no event is written outside of one."""

import pytest
from django.db import transaction

from connections import clients, grants
from developers.webhooks.publish import OutsideTransactionError, publish
from terra_portal.network import NetworkInTransactionError
from tests.world import World


def test_a_provider_is_never_called_in_a_transaction(world: World) -> None:
    world.connect(world.a)
    grant, client = world.grant(), world.client
    provider = clients.provider_for(client)
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        provider.probe(grants.held(grant))
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        provider.refresh(grants.held(grant))
    assert world.calls("me") == []


def test_an_event_belongs_into_the_transaction_of_its_change(world: World) -> None:
    with pytest.raises(OutsideTransactionError):
        publish([])
