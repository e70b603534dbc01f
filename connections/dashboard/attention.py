"""What somebody of the company should look at, worst first."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from connections import clients
from connections.states import Attention
from developers.models import Delivery, Destination, Environment
from developers.states import DeliveryState, DestinationState

SHOWN = 5
TONES = ("bad", "warn", "info")  # worst first


@dataclass(frozen=True)
class Concern:
    """`page` is the URL name where it is mended, `pk` the row it concerns there."""

    tone: str
    icon: str
    title: str
    text: str
    page: str
    pk: str = ""
    query: str = ""
    link: str = "Show"


def concerns(environment: Environment, by_attention: Counter[str]) -> list[Concern]:
    """Failing destinations, users who cannot be read, and an environment that offers nothing."""
    found = [*_destinations(environment), *_users(by_attention), *_sources(environment)]
    return sorted(found, key=lambda concern: TONES.index(concern.tone))[:SHOWN]


def _destinations(environment: Environment) -> list[Concern]:
    retried = dict(
        Delivery.objects.for_environment(environment)
        .filter(state__in=[DeliveryState.DUE, DeliveryState.CLAIMED], round_count__gt=0)
        .values_list("destination")
        .annotate(n=Count("id"))
    )
    known = Destination.objects.for_environment(environment).filter(removed_at__isnull=True)
    found = [_destination(row, retried.get(row.id, 0)) for row in known.order_by("-created_at")]
    return [concern for concern in found if concern]


def _destination(row: Destination, retried: int) -> Concern | None:
    if row.state == DestinationState.DISABLED:
        title, tone = "A destination is disabled", "bad"
        text = f"{row.url} gets nothing until you enable it. Its events are held, not lost."
    elif row.state == DestinationState.PAUSED:
        title, tone = "A destination is paused", "info"
        text = f"{row.url} is paused. Its events are held until you resume it."
    elif retried:
        title, tone = "A destination is failing", "bad"
        events = "1 event waits and is" if retried == 1 else f"{retried:,} events wait and are"
        text = f"{row.url} did not accept what we sent. {events} retried; nothing is lost."
    else:
        return None
    icon = "triangle-alert" if tone == "bad" else "webhook"
    return Concern(tone, icon, title, text, "destination", pk=str(row.id), link="Open")


_WHY = {
    Attention.NEEDS_REAUTH: "They have to authorise again: send them a connect link.",
    Attention.PROVIDER_FAILING: "The provider does not answer as it should. "
    "Nobody is disconnected by this.",
    Attention.CLIENT_REJECTED: "The provider rejects the application’s credentials. "
    "Nobody is disconnected by this.",
}


def _users(by_attention: Counter[str]) -> list[Concern]:
    return [
        Concern(
            tone="warn",
            icon="refresh-cw",
            title="1 user cannot be read" if count == 1 else f"{count:,} users cannot be read",
            text=_WHY[Attention(cause)],
            page="users",
            query=f"?state={cause}",
        )
        for cause, count in by_attention.most_common()
    ]


def _sources(environment: Environment) -> list[Concern]:
    if clients.offered(environment):
        return []
    text = "Connect links of this environment have nothing to offer yet."
    return [Concern("info", "watch", "No wearable is set up", text, page="")]
