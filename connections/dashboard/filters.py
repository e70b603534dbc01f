"""What a reader narrows the lists of users and of revocations down to."""

from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import QueryDict

from connections import log
from connections.dashboard.names import provider_choices
from connections.models import ConnectionQuerySet, Revocation
from connections.states import Attention, ConnectionState, Door, End
from developers.models import Environment, EnvironmentQuerySet
from terra_portal.filters import ListFilter

NEEDS_ATTENTION = "attention"


class WearableFilter(ListFilter):
    q = forms.CharField(
        label="user_id or reference_id",
        required=False,
        max_length=512,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    provider = forms.ChoiceField(label="Provider", required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["provider"] = forms.ChoiceField(
            label="Provider",
            required=False,
            choices=[("", "Any provider"), *provider_choices()],
            error_messages={"invalid_choice": "This portal knows no such provider."},
        )


class UserFilter(WearableFilter):
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


class RevocationFilter(WearableFilter):
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

    def narrow(self, environment: Environment) -> EnvironmentQuerySet[Revocation]:
        """Of the environment's log; each filter has its index."""
        if not self.is_valid():
            return log.entries(environment).none()
        rows = _of(environment, self.cleaned_data["q"]).filter(self.between(log.BY))
        for name in ("kind", "door", "provider"):
            if value := self.cleaned_data[name]:
                rows = rows.filter(**{name: value})
        return rows


def _of(environment: Environment, words: str) -> EnvironmentQuerySet[Revocation]:
    """The row of that user_id, else those under that reference, which may look like one.

    One or the other: an index answers each, and none answers both at once.
    """
    rows = log.entries(environment)
    if not words:
        return rows
    of_user = rows.filter(_named("user_id", words))
    return of_user if of_user.exists() else log.entries(environment, reference_id=words)


def _named(field: str, words: str) -> Q:
    """Rows of that id; none where the words are no id."""
    try:
        return Q(**{field: UUID(words)})
    except ValueError:
        return Q(pk__in=[])
