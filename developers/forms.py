"""What the dashboard's forms collect. The rules are the verbs'; forms show what they refuse."""

from collections.abc import Iterable
from typing import Any

from django import forms

from developers.models import Environment
from developers.states import Role
from terra_portal.errors import InvalidInputError


class VerbForm(forms.Form):
    """A form whose verb has the last word."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def refuse(self, error: InvalidInputError) -> None:
        """Shows the verb's error at the field that it names."""
        sentence = error.message[:1].upper() + error.message[1:]
        self.add_error(error.field if error.field in self.fields else None, sentence)


class CompanyForm(VerbForm):
    name = forms.CharField(
        label="Company name",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text="The people you invite to connect read it. You can show them another one later.",
    )


class ApiKeyForm(VerbForm):
    name = forms.CharField(
        label="Name",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Where the key will live, for example “backend” or “nightly job”.",
    )


class SettingsForm(VerbForm):
    display_name = forms.CharField(
        label="Name on connect pages",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Empty shows the company’s name.",
    )
    accent = forms.CharField(
        label="Accent colour",
        required=False,
        max_length=7,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="As #rrggbb. Empty shows ours.",
    )
    payload_days = forms.IntegerField(
        label="Days that payloads are kept",
        required=False,
        min_value=1,
        max_value=90,
        widget=forms.NumberInput(attrs={"min": 1, "max": 90, "inputmode": "numeric"}),
        help_text="1 to 90. Then bodies of events and answers to them are erased; attempts stay.",
    )
    return_origins = forms.CharField(
        label="Return addresses",
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    def __init__(self, data: Any = None, *, environment: Environment) -> None:
        shown = {
            "display_name": environment.display_name,
            "accent": environment.accent,
            "payload_days": environment.payload_days,
            "return_origins": "\n".join(environment.return_origins),
        }
        super().__init__(data, initial=shown)

    @property
    def settings(self) -> dict[str, Any]:
        """What the verb is given."""
        lines = self.cleaned_data["return_origins"].splitlines()
        return self.cleaned_data | {"return_origins": lines}


class MemberForm(VerbForm):
    email = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", initial=Role.DEVELOPER)

    def __init__(self, *args: Any, roles: Iterable[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, roles)


class RoleForm(VerbForm):
    role = forms.ChoiceField(label="Role")

    def __init__(self, *args: Any, roles: Iterable[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, roles)


def _offer(form: forms.Form, roles: Iterable[Role]) -> None:
    field = form.fields["role"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(role.value, role.label) for role in roles]
