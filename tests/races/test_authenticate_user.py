"""An attempt that no browser began, behind a revoke that takes its tokens along."""

import json

from connections import authenticate, connect
from connections.connect import Landing
from connections.models import ConnectAttempt, Connection
from connections.states import AttemptState, CancelReason
from developers.models import Event
from tests.races.test_disconnect import leave, revoking
from tests.world import World, work


def test_nobody_can_be_asked_again_so_the_company_hears(world: World) -> None:
    leave(world.connect(world.a))
    begun = authenticate.begin(world.b, "SANDBOX", reference_id="r")
    asking = revoking(world, 1)
    asked = world.complete(begun, world.consent(begun), cookie=False)
    assert confirmed(asked).step == "waiting"
    world.press_revoke()
    asking.join(20)
    work()

    assert confirmed(asked).step == "failed"
    attempt = ConnectAttempt.objects.get(pk=begun.attempt.pk)
    assert (attempt.state, attempt.reason) == (AttemptState.FAILED, CancelReason.PROVIDER_ERROR)
    (event,) = Event.objects.filter(environment=world.b)
    told = json.loads(event.body)
    assert (told["type"], told["reason"]) == ("auth_cancelled", "provider_error")
    assert (told["flow_id"], told["reference_id"]) == (str(attempt.pk), "r")
    assert not Connection.objects.active().exists()


def confirmed(asked: Landing) -> Landing:
    """What the page with the confirmation's own token comes to, then and later."""
    assert asked.attempt is not None
    return connect.confirm(asked.attempt.pk, token=asked.confirm_token)


def test_an_empty_cookie_is_not_the_browser_that_began_it(world: World) -> None:
    begun = authenticate.begin(world.a, "SANDBOX")
    said = world.consent(begun)

    assert (begun.cookie_value, world.complete(begun, said).step) == ("", "confirm")
