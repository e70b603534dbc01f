"""The dials: what the sandbox does otherwise than by itself, and how it fails on request.

A dial that nobody turned stands where the personality that is asked puts it, else at the harsh
default.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from django.db import transaction

from .models import Dial

Notices = Literal["twice", "once", "never"]
FAILING = ("token_answer", "me_answer", "revoke_answer", "subscribe_answer")
ANSWERS = {
    "normal", "500", "503", "html", "garbage", "empty", "redirect", "403", "410", "429",
    "invalid_client", "invalid_grant", "invalid_token", "huge", "drop", "drop_after",
}  # fmt: skip


@dataclass(frozen=True)
class Dials:
    second_consent_kills: bool = True
    refresh_rotates: bool = True
    refresh_reuse_kills: bool = True
    # On: a refresh kills the access token before it.
    refresh_kills_access: bool = True
    # How long a rotated refresh token still works, unless the new access token is used before.
    refresh_grace_seconds: float = 0
    # How long a refresh token works at all; 0 is for ever.
    refresh_token_seconds: float = 0
    # How many refresh tokens an account has at most with a client: the oldest die; 0 is any number.
    refresh_token_cap: int = 0
    # Off: a refresh answer carries no refresh token (use it with ``refresh_rotates`` off).
    refresh_answer_has_refresh_token: bool = True
    revoke_sends_notice: bool = True
    notices: Notices = "twice"
    late_notice_seconds: float = 10
    notice_names_consent: bool = True
    access_token_seconds: int = 3600
    code_seconds: int = 60
    send_scope: bool = True
    token_answer: str = field(default="normal")
    me_answer: str = field(default="normal")
    revoke_answer: str = field(default="normal")
    subscribe_answer: str = field(default="normal")


_DEFAULTS = Dials()


def read(defaults: Mapping[str, Any]) -> Dials:
    """The dials as they stand for a personality that has these defaults."""
    kept: dict[str, Any] = dict(Dial.objects.values_list("name", "value"))
    for name in FAILING:
        kept[name] = kept[name]["answer"] if name in kept else "normal"
    return Dials(**{**defaults, **kept})


def as_json(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """All dials; a failing answer that lasts a number of times shows how many are left."""
    shown: dict[str, Any] = asdict(read(defaults))
    for dial in Dial.objects.filter(name__in=FAILING):
        if dial.value["times"] is not None:
            shown[dial.name] = dial.value
    return shown


@transaction.atomic
def turn(changes: dict[str, Any]) -> None:
    """Set the named dials, all or none. Raises ``ValueError`` for what no dial can show."""
    for name, value in changes.items():
        clean = _failing(name, value) if name in FAILING else _plain(name, value)
        Dial.objects.update_or_create(name=name, defaults={"value": clean})


def reset() -> None:
    Dial.objects.all().delete()


@transaction.atomic
def take(name: str) -> str:
    """The answer to give now. One that was set for a number of times is used up by this."""
    dial = Dial.objects.filter(name=name).first()
    if dial is None:
        return "normal"
    answer, times = dial.value["answer"], dial.value["times"]
    if times is None:
        return str(answer)
    if times <= 1:
        dial.delete()
    else:
        dial.value["times"] = times - 1
        dial.save()
    return str(answer)


def _plain(name: str, value: Any) -> Any:
    if name not in {known.name for known in fields(Dials)}:
        raise ValueError(f"there is no dial {name!r}")
    if name == "notices":
        if value not in get_args(Notices):
            raise ValueError("notices is one of twice, once, never")
        return value
    if isinstance(getattr(_DEFAULTS, name), bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} is a number from 0 on")
    return value


def _failing(name: str, value: Any) -> dict[str, Any]:
    answer, times = value, None
    if isinstance(value, dict):
        answer, times = value.get("answer"), value.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ValueError(f"{name}: times is a whole number from 1 on")
    if answer not in ANSWERS and slow_seconds(str(answer)) is None:
        raise ValueError(f"{name} is one of {', '.join(sorted(ANSWERS))}, slow:<seconds>")
    return {"answer": answer, "times": times}


def slow_seconds(answer: str) -> float | None:
    """The seconds of ``slow:<seconds>``; None for any other answer."""
    word, _, seconds = answer.partition(":")
    try:
        return float(seconds) if word == "slow" else None
    except ValueError:
        return None
