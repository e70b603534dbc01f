"""What a reader narrows a list down to: forms over the address, and the chips that undo them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import QueryDict

from connections.dashboard.names import provider_choices
from connections.models import ConnectionQuerySet, Revocation
from connections.states import Attention, ConnectionState, Door, End
from developers.models import EnvironmentQuerySet

NEEDS_ATTENTION = "attention"
# On the tenth of a month, "until" that day means until its end.
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chip:
    label: str
    url: str


class ListFilter(forms.Form):
    """Optional fields over `request.GET`. A form with errors shows them and matches nothing."""

    q = forms.CharField(
        label="user_id or reference_id",
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    provider = forms.ChoiceField(label="Provider", required=False)
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
        self.fields["provider"] = forms.ChoiceField(
            label="Provider",
            required=False,
            choices=[("", "Any provider"), *provider_choices()],
            error_messages={"invalid_choice": "This portal knows no such provider."},
        )

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


class UserFilter(ListFilter):
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "Any state"),
            (ConnectionState.ACTIVE, "Active"),
            (NEEDS_ATTENTION, "Needs attention"),
            *[(cause.value, f"Attention: {cause.label}") for cause in Attention if cause],
            (ConnectionState.ENDED, "Ended"),
            *[(kind.value, f"Ended: {kind.label}") for kind in End],
        ],
        error_messages={"invalid_choice": "There is no such state."},
    )
    field_order = ("q", "state", "provider", "since", "until")

    def narrow(self, users: ConnectionQuerySet) -> ConnectionQuerySet:
        if not self.is_valid():
            return users.none()
        users = users.filter(self._state() & self.between("created_at"))
        if provider := self.cleaned_data["provider"]:
            users = users.filter(provider=provider)
        if words := self.cleaned_data["q"]:
            users = users.filter(Q(reference_id=words) | _named("id", words))
        return users

    def _state(self) -> Q:
        state = self.cleaned_data["state"]
        if not state:
            return Q()
        if state == ConnectionState.ENDED:
            return Q(state=ConnectionState.ENDED)
        if state in End.values:
            return Q(state=ConnectionState.ENDED, end_kind=state)
        active = Q(state=ConnectionState.ACTIVE)
        if state == ConnectionState.ACTIVE:
            return active
        return active & (~Q(attention="") if state == NEEDS_ATTENTION else Q(attention=state))


class RevocationFilter(ListFilter):
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "Any kind"), *End.choices],
        error_messages={"invalid_choice": "There is no such kind of end."},
    )
    door = forms.ChoiceField(
        label="Door",
        required=False,
        choices=[("", "Any door"), *Door.choices],
        error_messages={"invalid_choice": "There is no such door."},
    )
    field_order = ("q", "kind", "door", "provider", "since", "until")

    def narrow(self, log: EnvironmentQuerySet[Revocation]) -> EnvironmentQuerySet[Revocation]:
        if not self.is_valid():
            return log.none()
        log = log.filter(self.between("recorded_at"))
        for name in ("kind", "door", "provider"):
            if value := self.cleaned_data[name]:
                log = log.filter(**{name: value})
        if words := self.cleaned_data["q"]:
            log = log.filter(Q(detail__reference_id=words) | _named("user_id", words))
        return log


def _named(field: str, words: str) -> Q:
    """Rows of that id; none where the words are no id."""
    try:
        return Q(**{field: UUID(words)})
    except ValueError:
        return Q(pk__in=[])
