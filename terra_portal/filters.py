"""What a reader narrows a list down to: forms over the address, and the chips that undo them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict

# On the tenth of a month, "until" that day means until its end.
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chip:
    label: str
    url: str


class ListFilter(forms.Form):
    """Optional fields over `request.GET`. A form with errors shows them and matches nothing."""

    since = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as 2026-11-24."},
    )
    until = forms.DateField(
        label="To",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as 2026-11-24."},
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data, label_suffix="")
        self.query = data

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first one. Swap the two.")
        return found

    @property
    def problems(self) -> list[str]:
        """Each error with the name of its field."""
        return [
            f"{self.fields[name].label}: {error}"
            for name, errors in self.errors.items()
            for error in errors
        ]

    @property
    def chips(self) -> list[Chip]:
        """What the list is narrowed to, each with the address that takes it back."""
        if not self.is_valid():
            return []
        used = [name for name, value in self.cleaned_data.items() if value]
        return [Chip(self._said(name), self._without(name)) for name in used]

    def _said(self, name: str) -> str:
        field, value = self.fields[name], self.cleaned_data[name]
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices)[value])  # type: ignore[arg-type]
        return f"{field.label} {value:%-d %b %Y}" if name in {"since", "until"} else str(value)

    def _without(self, name: str) -> str:
        kept = self.query.copy()
        for gone in (name, "page"):
            kept.pop(gone, None)
        return "?" + kept.urlencode()

    def between(self, field: str) -> Q:
        """The chosen days, in UTC."""
        wanted = Q()
        if since := self.cleaned_data["since"]:
            wanted &= Q(**{f"{field}__gte": datetime.combine(since, time.min, UTC)})
        if (until := self.cleaned_data["until"]) and until < date.max:
            first_after = datetime.combine(until, time.min, UTC) + A_DAY
            wanted &= Q(**{f"{field}__lt": first_after})
        return wanted
