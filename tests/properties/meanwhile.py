"""What somebody else does while a call to the provider is under way."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from connections import tokens
from connections.states import Door
from tests.properties.stage import COMPANIES, SCOPES, Stage, one_of


def happen(deed: str, stage: Stage, pick: int) -> None:
    with suppress(tokens.TokensUnavailableError):
        DEEDS[deed](stage, pick)


def _disconnect(stage: Stage, pick: int) -> None:
    if stage.active():
        stage.ask_to_disconnect(one_of(stage.active(), pick), Door.API)


def _revoke(stage: Stage, pick: int) -> None:
    living = [one for one in stage.books() if not one.end]
    if living:
        stage.press_revoke(one_of(living, pick))
        stage.collect(stage.books())


def _notice(stage: Stage, pick: int) -> None:
    if stage.letters:
        stage.deliver(one_of(stage.letters[::-1], pick))
        stage.decide()


def _callback(stage: Stage, pick: int) -> None:
    if stage.on_the_way():
        stage.callback(one_of(stage.on_the_way(), pick), cookie=True)


def _connect(stage: Stage, pick: int) -> None:
    """The person of the last step, at some company."""
    flow = stage.begin(pick % COMPANIES, "r" if pick % 2 else "")
    stage.consent(flow, stage.person, SCOPES, allow=True)
    stage.callback(flow, cookie=True)


def _sweep(stage: Stage, pick: int) -> None:
    stage.sweep()


def _seconds(stage: Stage, pick: int) -> None:
    """Fewer than a call may take."""
    stage.hands.move(timedelta(seconds=pick))


DEEDS: dict[str, Callable[[Stage, int], None]] = {
    "disconnect": _disconnect,
    "revoke": _revoke,
    "notice": _notice,
    "callback": _callback,
    "connect": _connect,
    "sweep": _sweep,
    "seconds": _seconds,
}
