from ..inbox import answers, keeping
from ..models import Arrival, Inbox
from .access import Answer, Asked, Missing, control

LIMIT = 1000


@control("PUT", "GET")
def inbox(asked: Asked, slug: str) -> Answer:
    """Make or change one: ``name``, ``secret``, ``answer`` (normal, 500, slow:<seconds>)."""
    if asked["method"] == "PUT":
        changes = {key: asked[key] for key in ("name", "secret", "answer") if key in asked}
        if "answer" in changes and not answers.is_known(changes["answer"]):
            raise ValueError("answer is normal, 500 or slow:<seconds>")
        found = keeping.put(slug, **changes)
    else:
        found = _inbox(slug)
    hook = f"/inbox/{found.slug}/hook/"
    return {"slug": found.slug, "name": found.name, "answer": found.answer, "hook": hook}


@control("GET")
def events(asked: Asked, slug: str) -> Answer:
    """What arrived after number ``since``, oldest first."""
    arrivals = _inbox(slug).arrivals.filter(pk__gt=int(asked.get("since", 0))).order_by("pk")
    return [_shown(arrival) for arrival in arrivals[:LIMIT]]


def _inbox(slug: str) -> Inbox:
    found = Inbox.objects.filter(slug=slug).first()
    if found is None:
        raise Missing("no such inbox")
    return found


def _shown(arrival: Arrival) -> dict[str, object]:
    return {
        "number": arrival.pk,
        "arrived_at": arrival.arrived_at.isoformat(),
        "headers": arrival.headers,
        "body": arrival.text,
        "payload": arrival.payload,
        "answered": arrival.answered,
        "terra_python": arrival.terra_python,
        "standardwebhooks": arrival.standardwebhooks,
    }
