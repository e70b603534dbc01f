"""From when on, and where to: what somebody asks to be sent again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms

from developers.forms import VerbForm
from developers.webhooks import resend
from terra_portal import clock

PRESETS = {
    "1h": ("The last hour", timedelta(hours=1)),
    "24h": ("The last 24 hours", timedelta(hours=24)),
    "7d": ("The last 7 days", timedelta(days=7)),
}
OTHER = "since"


class RecoveryForm(VerbForm):
    """`cleaned_data["since"]` is a moment, whichever way it was said."""

    last = forms.ChoiceField(
        label="What happened in",
        choices=[*((name, words) for name, (words, _) in PRESETS.items()), (OTHER, "Since …")],
        initial="24h",
        error_messages={"invalid_choice": "Choose one of the list."},
    )
    since = forms.DateTimeField(
        label="Since, in UTC",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Only for “Since …”: when your server began to fail.",
        error_messages={"invalid": "Write the time as 2026-11-24T09:30."},
    )
    destination = forms.ChoiceField(
        label="Destination",
        required=False,
        error_messages={"invalid_choice": "There is no such destination."},
    )

    def __init__(self, *args: Any, destinations: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["destination"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Every destination"), *destinations]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        name = found.get("last")
        if name in PRESETS:
            found["since"] = clock.now() - PRESETS[name][1]
        elif "last" in found and not found.get("since") and "since" not in self.errors:
            self.add_error("since", "Say since when.")
        elif found.get("since") and found["since"].year < resend.EARLIEST:
            self.add_error("since", f"Choose a time after the year {resend.EARLIEST}.")
        elif found.get("since") and found["since"] > clock.now():
            self.add_error("since", "Choose a time that has passed.")
        return found


class SinceForm(VerbForm):
    """What was confirmed: the moment itself, so that it is the one whose count was shown."""

    since = forms.DateTimeField(widget=forms.HiddenInput)
    destination = forms.UUIDField(required=False, widget=forms.HiddenInput)
