"""What the pages of a source collect. The rules are the verbs'; the forms show what they refuse."""

from typing import Any

from django import forms

from connections.dashboard.sources_rows import Row
from connections.sources import always_asked, asked_for
from developers.forms import VerbForm


class Chosen(forms.MultipleChoiceField):
    """Nothing chosen is an answer too, which the verb judges."""

    def validate(self, value: Any) -> None:
        if value:
            super().validate(value)


class DataForm(VerbForm):
    """What people are asked for, on an own application alone, and what they must share."""

    scopes = Chosen(label="Ask people for", widget=forms.CheckboxSelectMultiple)
    required = Chosen(
        label="Required for a connection",
        widget=forms.CheckboxSelectMultiple,
        help_text="Without it nothing is connected. The person reads why and can try again.",
    )

    def __init__(self, data: Any = None, *, row: Row) -> None:
        source, labels = row.place.source, row.maker.scope_labels
        asked = asked_for(row.place.provider, source.scopes if source else [])
        required = source.required_scopes if source else []
        super().__init__(data, initial={"scopes": asked, "required": required})
        for name in ("scopes", "required"):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = list(labels.items())
        fixed = [labels[scope] for scope in always_asked(row.maker) if scope in labels]
        if fixed:
            said = f"Asked for in any case, to tell accounts apart: {', '.join(fixed)}."
            self.fields["scopes"].help_text = said
        if row.own is None or not row.takes_scopes:
            del self.fields["scopes"]

    @property
    def chosen(self) -> dict[str, Any]:
        """What the verb is given."""
        return {"scopes": None} | self.cleaned_data


class ApplicationForm(VerbForm):
    """Credentials of an own application. Secrets are typed in and never shown again."""

    client_id = forms.CharField(
        label="Client id",
        max_length=255,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}
        ),
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "mono"}),
    )
    notice_secret = forms.CharField(
        required=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "mono"}),
    )
    simulated = forms.BooleanField(
        label="Simulated",
        required=False,
        help_text="It is registered at this portal’s stand-in for the maker, not at the maker.",
    )

    def __init__(self, data: Any = None, *, row: Row, may_choose_simulated: bool) -> None:
        own = row.own
        shown = {"client_id": own.client_id, "simulated": own.simulated} if own else {}
        super().__init__(data, initial=shown)
        if row.maker.notice_secret_name:
            notice = self.fields["notice_secret"]
            notice.label = row.maker.notice_secret_name
            notice.help_text = "What its notices prove themselves with. It can be added later."
        else:
            del self.fields["notice_secret"]
        if own:
            self.fields["client_secret"].required = False
            self._say_that_blank_keeps(bool(own.notice_secret))
        if not may_choose_simulated:
            del self.fields["simulated"]

    def _say_that_blank_keeps(self, has_notice_secret: bool) -> None:
        self.fields["client_id"].help_text = "Another id is another application."
        self.fields["client_secret"].help_text = "Stored, and not shown again. Empty keeps it."
        notice = self.fields.get("notice_secret")
        if notice and has_notice_secret:
            notice.help_text = "Stored, and not shown again. Empty keeps it."
