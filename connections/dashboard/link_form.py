"""What a connect link is made of."""

from typing import Any

from django import forms

from connections.clients import Offer
from terra_portal.errors import InvalidInputError

# The API's names of the fields, which the verb uses, and ours.
FIELDS = {
    "reference_id": "reference_id",
    "providers": "providers",
    "auth_success_redirect_url": "success_url",
    "auth_failure_redirect_url": "failure_url",
}


class LinkForm(forms.Form):
    """Collects the words; what they must be like is known to the verb alone."""

    reference_id = forms.CharField(
        label="reference_id",
        required=False,
        max_length=512,
        help_text="Your own name for this person; it comes back with every event.",
    )
    providers = forms.MultipleChoiceField(
        label="Wearables",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Leave all empty to offer every one.",
    )
    success_url = forms.CharField(
        label="Success URL",
        required=False,
        max_length=2000,
        help_text="Where the person goes once connected. Empty shows our own page.",
    )
    failure_url = forms.CharField(
        label="Failure URL",
        required=False,
        max_length=2000,
        help_text="Where the person goes when nothing was connected.",
    )

    def __init__(self, *args: Any, offers: list[Offer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        choices = [(offer.provider, offer.name) for offer in offers]
        field = self.fields["providers"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices
        if not choices:
            del self.fields["providers"]

    def refuse(self, error: InvalidInputError) -> None:
        """Shows the verb's error at the field that it names."""
        name = FIELDS.get(error.field)
        self.add_error(name if name in self.fields else None, error.message)
