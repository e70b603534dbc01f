"""What the pages of destinations collect."""

from typing import Any

from django import forms

from developers.forms import VerbForm
from developers.models import Destination
from developers.states import EventType
from developers.webhooks import destinations, extra_headers
from terra_portal.errors import InvalidInputError

# Stands for a value that is not shown; a line that is left as it was keeps what is stored.
HIDDEN = "••••••••"


class DestinationForm(VerbForm):
    """A new destination, or with `destination` the settings of one that is there."""

    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        help_text="Where we POST events to, for example https://api.example.com/wearables.",
    )
    event_types = forms.MultipleChoiceField(
        label="Event types",
        choices=EventType.choices,
        initial=EventType.values,
        widget=forms.CheckboxSelectMultiple,
        help_text="All of them means every type, those of later versions too.",
        error_messages={"required": "Choose at least one type."},
    )
    headers = forms.CharField(
        label="Headers of your own",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off", "class": "mono"}
        ),
        help_text="One per line, for example Authorization: Bearer abc. They go with every event; "
        "stored encrypted, and their values are not shown again.",
    )
    deadline_seconds = forms.IntegerField(
        label="Seconds to wait for an answer",
        initial=8,
        widget=forms.NumberInput(
            attrs={"min": 1, "max": destinations.LONGEST_DEADLINE, "class": "short"}
        ),
        help_text="1 to 30. Answer at once and do the work later: a slow server is asked less.",
    )

    def __init__(self, data: Any = None, *, destination: Destination | None = None) -> None:
        kept = extra_headers.of(destination) if destination else {}
        self.kept = {name.lower(): value for name, value in kept.items()}
        shown: dict[str, Any] = {}
        if destination:
            shown = {
                "url": destination.url,
                "event_types": destination.event_types or EventType.values,
                "headers": "\n".join(f"{name}: {HIDDEN}" for name in kept),
                "deadline_seconds": destination.deadline_seconds,
            }
        super().__init__(data, initial=shown)

    def clean_event_types(self) -> list[str]:
        """Every one of them is stored as none: it will mean later types as well."""
        chosen: list[str] = self.cleaned_data["event_types"]
        return [] if set(chosen) == set(EventType.values) else chosen

    def clean_headers(self) -> dict[str, str]:
        try:
            written = extra_headers.written(self.cleaned_data["headers"])
        except InvalidInputError as error:
            raise forms.ValidationError(error.message) from None
        return {
            name: self.kept.get(name.lower(), value) if value == HIDDEN else value
            for name, value in written.items()
        }


class RotateForm(VerbForm):
    keep_hours = forms.TypedChoiceField(
        label="The secret of today goes on for",
        choices=[
            (0, "no time at all"),
            (1, "1 hour"),
            (24, "24 hours"),
            (72, "3 days"),
            (destinations.MOST_HOURS, "7 days"),
        ],
        initial=24,
        coerce=int,
        error_messages={"invalid_choice": "Choose one of these times."},
    )


class ExampleForm(VerbForm):
    """The types to choose from; the verb says what it refuses."""

    type = forms.ChoiceField(label="Event type", choices=EventType.choices)
