"""The provider is asked to revoke when the last company has left, and not before."""

from connections import disconnect
from connections.models import Connection, UpstreamRevoke
from connections.states import Door, GrantState, RevokeOutcome
from developers.models import Environment
from tests.matrix.cases import Case, case
from tests.matrix.wearable import Wearable
from tests.world import work


def leave(wearable: Wearable, environment: Environment) -> None:
    """The company lets its user go, by the API."""
    user = Connection.objects.for_environment(environment).active().get()
    disconnect.end(user.pk, environment=environment, door=Door.API)
    work()
    assert wearable.events(environment) == ["auth", "deauth"]
    assert wearable.log(environment) == [("disconnected", "api")]


def assert_given_back(wearable: Wearable) -> None:
    """By one call; what the person sees at the provider is gone with it."""
    assert len(wearable.calls("revoke")) == 1
    assert wearable.at_provider() == []
    grant = wearable.grant()
    assert grant.state == GrantState.ENDED
    assert (grant.access_token, grant.refresh_token, grant.rivals) == ("", "", "")
    assert UpstreamRevoke.objects.get().outcome == RevokeOutcome.CONFIRMED


@case(Case.COUNTED_REVOKE_ONE)
def test_one_company(wearable: Wearable) -> None:
    wearable.connect_one()
    assert len(wearable.at_provider()) == 1

    leave(wearable, wearable.a)

    assert_given_back(wearable)
    wearable.seen = "asked once, consent gone"


@case(Case.COUNTED_REVOKE_TWO)
def test_two_companies(wearable: Wearable) -> None:
    wearable.connect_both()

    leave(wearable, wearable.a)
    assert wearable.calls("revoke") == []
    assert wearable.at_provider()
    assert wearable.is_alive()
    assert wearable.events(wearable.b) == ["auth"]

    leave(wearable, wearable.b)
    assert_given_back(wearable)
    assert wearable.log(wearable.a) == [("disconnected", "api")]
    wearable.seen = "asked when the second leaves"
