from .. import dials, personalities
from ..models import Call
from .access import Answer, Asked, control

LOG_LIMIT = 1000


@control("GET", "PATCH", "DELETE")
def dials_(asked: Asked) -> Answer:
    """Show the dials, turn some of them, or (DELETE) put all back to where they stood.

    A GET with ``personality`` shows them as they stand for that one.
    """
    method = asked.pop("method")
    named = asked.get("personality", "") if method == "GET" else ""
    if method == "PATCH":
        dials.turn(asked)
    if method == "DELETE":
        dials.reset()
    return dials.as_json(personalities.named(named or personalities.NATIVE).defaults)


@control("GET")
def log(asked: Asked) -> Answer:
    """Calls with a number above ``since``, oldest first."""
    calls = Call.objects.filter(pk__gt=int(asked.get("since", 0))).order_by("pk")
    return [call.as_json() for call in calls[:LOG_LIMIT]]
