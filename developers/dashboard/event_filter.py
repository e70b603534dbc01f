"""What a reader narrows the list of events down to."""

from django import forms
from django.db.models import Exists, OuterRef

from developers.models import Delivery, Destination, Environment, EnvironmentQuerySet, Event
from developers.states import DeliveryState, EventType
from terra_portal.filters import ListFilter

NONE = "none"
OUTCOMES = {
    "delivered": ("Delivered", (DeliveryState.DELIVERED,)),
    "failed": ("Given up", (DeliveryState.EXHAUSTED,)),
    "waiting": ("Waiting", (DeliveryState.DUE, DeliveryState.CLAIMED)),
    "held": ("Held", (DeliveryState.HELD,)),
}


class EventFilter(ListFilter):
    type = forms.ChoiceField(
        label="Type",
        required=False,
        choices=[("", "Every type"), *EventType.choices],
        error_messages={"invalid_choice": "There is no such type of event."},
    )
    outcome = forms.ChoiceField(
        label="Outcome",
        required=False,
        choices=[
            ("", "Any outcome"),
            *((name, label) for name, (label, _) in OUTCOMES.items()),
            (NONE, "No destination"),
        ],
        error_messages={"invalid_choice": "There is no such outcome."},
    )
    user_id = forms.UUIDField(
        label="user_id",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "spellcheck": "false"}),
        error_messages={"invalid": "Paste a whole user_id, like the ones in the list."},
    )
    reference_id = forms.CharField(
        label="reference_id",
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"type": "search", "spellcheck": "false"}),
    )
    field_order = ("user_id", "reference_id", "type", "outcome", "since", "until")

    def narrow(self, environment: Environment) -> EnvironmentQuerySet[Event]:
        """Of the environment's events; each filter has its index."""
        events = Event.objects.for_environment(environment)
        if not self.is_valid():
            return events.none()
        wanted = self.cleaned_data
        events = events.filter(self.between("occurred_at"))
        if wanted["type"]:
            events = events.filter(type=wanted["type"])
        if wanted["user_id"]:
            events = events.filter(subject_id=wanted["user_id"])
        if wanted["reference_id"]:
            events = events.filter(reference_id=wanted["reference_id"])
        if wanted["outcome"]:
            events = _that_ended(events, environment, wanted["outcome"])
        return events


def _that_ended(
    events: EnvironmentQuerySet[Event], environment: Environment, outcome: str
) -> EnvironmentQuerySet[Event]:
    """At one of its destinations at least. These are named, since a rare outcome is found by the
    index that begins with the destination, however many events there are.
    """
    if outcome == NONE:
        return events.filter(is_unwanted=True)
    deliveries = Delivery.objects.filter(event=OuterRef("pk"))
    here = Destination.objects.for_environment(environment).values_list("pk", flat=True)
    _, states = OUTCOMES[outcome]
    return events.filter(Exists(deliveries.filter(destination__in=list(here), state__in=states)))
