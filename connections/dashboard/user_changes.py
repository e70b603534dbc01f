"""What a member changes on one user: the reference, and whether news of them are wanted."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connections.dashboard.names import provider_name
from connections.dashboard.user import found
from connections.models import Connection
from connections.modify import modify
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.states import Role
from terra_portal.errors import InvalidInputError

GONE = "This user is no longer connected, so nothing was changed."


class ReferenceForm(forms.Form):
    """Collects the word; what it must be like is known to the verb alone."""

    reference_id = forms.CharField(
        label="reference_id",
        required=False,
        max_length=512,
        strip=False,
        help_text="Your own name for this person. Events that were sent keep the earlier one.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.label_suffix = ""


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def reference(request: EnvironmentRequest, user_id: UUID) -> HttpResponse:
    """The form; on its answer the user has the new reference, or the form says why not."""
    connection = found(request, user_id)
    back = address(request, "user", user_id=user_id)
    if not connection.is_active:
        messages.info(request, GONE)
        return redirect(back)
    now = {"reference_id": connection.reference_id}
    form = ReferenceForm(request.POST if request.method == "POST" else None, initial=now)
    if form.is_valid():
        try:
            _change(request, user_id, reference_id=form.cleaned_data["reference_id"])
        except InvalidInputError as error:
            form.add_error("reference_id", error.message)
        else:
            return redirect(back)
    context = {
        "form": form,
        "connection": connection,
        "provider": provider_name(connection.provider),
        "user_url": back,
    }
    status = 422 if form.errors else 200
    return render(request, "dashboard/user_reference.html", context, status=status)


@require_POST
@environment_page(role=Role.DEVELOPER)
def pause(request: EnvironmentRequest, user_id: UUID) -> HttpResponse:
    return _switched(request, user_id, active=False)


@require_POST
@environment_page(role=Role.DEVELOPER)
def resume(request: EnvironmentRequest, user_id: UUID) -> HttpResponse:
    return _switched(request, user_id, active=True)


def _switched(request: EnvironmentRequest, user_id: UUID, *, active: bool) -> HttpResponse:
    """Somebody else's user is answered like nobody; one that has ended is said to have."""
    found(request, user_id)
    _change(request, user_id, active=active)
    return redirect(address(request, "user", user_id=user_id))


def _change(
    request: EnvironmentRequest,
    user_id: UUID,
    *,
    reference_id: str | None = None,
    active: bool | None = None,
) -> None:
    try:
        modify(
            user_id,
            environment=request.environment,
            reference_id=reference_id,
            active=active,
            actor=request.user,
        )
    except Connection.DoesNotExist:
        messages.info(request, GONE)
    else:
        messages.success(request, _done(active))


def _done(active: bool | None) -> str:
    if active is None:
        return "The reference is changed."
    return "The user is resumed." if active else "The user is paused. The connection is kept."
