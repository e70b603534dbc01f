"""What the operations take and answer, as the OpenAPI document tells it. Secrets are in none
of the answers to GET."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
)

from developers.models import Attempt, Delivery, Destination, Event
from developers.states import (
    DeliveryState,
    DestinationState,
    EventType,
    RecoveryState,
    StoppedBecause,
)
from developers.webhooks import answers, destinations, extra_headers

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _written(value: Any) -> Any:
    """A number would be taken for seconds since 1970, which nobody is told of."""
    if not isinstance(value, str) or "-" not in value:
        raise ValueError("write a time with its zone, like 2026-11-27T10:00:00Z")
    return value


def _within(moment: datetime) -> datetime:
    """Databases know fewer moments than clocks can write."""
    if not EARLIEST <= moment <= LATEST:
        raise ValueError("a time between the years 2000 and 9000")
    return moment


def _of_texts(value: Any) -> Any:
    """Here and not by type, so that the error names the field and not one of its keys."""
    if value is not None and not (
        isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    ):
        raise ValueError("an object of names and texts")
    return value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    AfterValidator(_within),
    Field(examples=["2026-11-27T10:00:00Z"]),
]
Headers = Annotated[
    dict[str, str] | None,
    BeforeValidator(_of_texts),
    Field(
        description="Sent with every webhook beside ours. Write only: answers tell their names.",
        examples=[{"X-Team": "blue"}],
    ),
]


class Body(BaseModel):
    """Not ninja's Schema, which reads attributes off whatever it is given: a list would pass."""

    model_config = ConfigDict(extra="forbid")


class NewDestination(Body):
    url: StrictStr = Field(examples=["https://api.example.com/hook"])
    event_types: list[StrictStr] = Field(default=[], description="Empty means every type.")
    headers: Headers = None
    deadline_seconds: StrictInt = Field(
        default=8, description="For how long one attempt may last in total: 1 to 30."
    )


class DestinationChange(Body):
    """What is left out, or null, stays as it is."""

    url: StrictStr | None = None
    event_types: list[StrictStr] | None = None
    headers: Headers = None
    deadline_seconds: StrictInt | None = None


class Rotation(Body):
    keep_hours: StrictInt = Field(
        default=24, description="For how long the old secret signs as well: 0 to 168."
    )


class Example(Body):
    type: EventType


class Resend(Body):
    destination_id: StrictStr


class NewRecovery(Body):
    since: Moment
    destination_id: StrictStr | None = Field(
        default=None, description="Null: every destination of the environment."
    )


class Success(Schema):
    status: Literal["success"] = "success"


class DestinationShown(Schema):
    id: UUID
    url: str
    event_types: list[str] = Field(description="Empty means every type.")
    header_names: list[str] = Field(description="The values of headers are not shown again.")
    deadline_seconds: int
    state: DestinationState
    stopped_because: StoppedBecause | None
    stopped_at: datetime | None
    failing_since: datetime | None = Field(description="Nothing but failures since then.")
    last_success_at: datetime | None
    previous_secret_until: datetime | None = Field(
        description="Until then the secret before the last rotation signs as well."
    )
    created_at: datetime

    @staticmethod
    def resolve_header_names(row: Destination) -> list[str]:
        return sorted(extra_headers.of(row))

    @staticmethod
    def resolve_previous_secret_until(row: Destination) -> datetime | None:
        return destinations.old_secret_until(row)

    @staticmethod
    def resolve_stopped_because(row: Destination) -> str | None:
        return row.stopped_because or None


class OneDestination(Success):
    destination: DestinationShown


class NewSecret(OneDestination):
    secret: str = Field(description="The signing secret, shown this once.")


class Page(Success):
    next: str | None = Field(description="The `cursor` of the next page, null after the last.")


class Destinations(Page):
    destinations: list[DestinationShown]


class AttemptShown(Schema):
    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    explanation: str | None = Field(description="The same in plain words, with what to do.")
    response_excerpt: str

    @staticmethod
    def resolve_error(row: Attempt) -> str | None:
        return row.error or None

    @staticmethod
    def resolve_explanation(row: Attempt) -> str | None:
        return answers.sentence(row) or None


class DeliveryShown(Schema):
    id: UUID
    destination_id: UUID
    state: DeliveryState
    due_at: datetime | None = Field(description="The next attempt; null where none is to come.")
    attempt_count: int
    finished_at: datetime | None

    @staticmethod
    def resolve_due_at(row: Delivery) -> datetime | None:
        return row.due_at if row.state == DeliveryState.DUE else None


class DeliveryWithAttempts(DeliveryShown):
    attempts: list[AttemptShown]


class EventShown(Schema):
    id: UUID
    type: EventType
    user_id: UUID | None = Field(validation_alias="subject_id")
    reference_id: str | None
    sequence: int | None
    terra_reference: UUID
    is_example: bool
    occurred_at: datetime
    erased_at: datetime | None = Field(description="When its payload was erased.")
    deliveries: list[DeliveryShown]

    @staticmethod
    def resolve_reference_id(row: Event) -> str | None:
        return row.reference_id or None


class EventInFull(EventShown):
    payload: dict[str, Any] | None = Field(
        description="What is sent; null once it has been erased."
    )
    deliveries: list[DeliveryWithAttempts]  # type: ignore[assignment]

    @staticmethod
    def resolve_payload(row: Event) -> dict[str, Any] | None:
        if row.erased_at or not row.body:
            return None
        payload: dict[str, Any] = json.loads(row.body)
        return payload


class OneEvent(Success):
    event: EventInFull


class Events(Page):
    events: list[EventShown]


class OneDelivery(Success):
    delivery: DeliveryShown


class RecoveryShown(Schema):
    id: UUID
    state: RecoveryState
    since: datetime
    destination_id: UUID | None
    total: int = Field(description="Deliveries that had failed when it was asked for.")
    done: int = Field(description="How many of them have been sent off again.")
    created_at: datetime
    finished_at: datetime | None


class OneRecovery(Success):
    recovery: RecoveryShown


class Recoveries(Page):
    recoveries: list[RecoveryShown]


class Figures(Schema):
    attempts: int
    arrived: int = Field(description="Attempts that were answered with a 2xx.")
    success_rate: float = Field(description="Percent; never rounded up to 100.")
    median_ms: int
    p95_ms: int = Field(description="95 % took no longer.")


class FiguresOfPart(Figures):
    start: datetime


class SendingFigures(Success):
    since: datetime
    newest_only: int | None = Field(
        description="Null where everything is counted, else how many of the newest are."
    )
    total: Figures | None = Field(description="Null where no attempt was made.")
    parts: list[FiguresOfPart] = Field(description="Hours or days without attempts are left out.")
