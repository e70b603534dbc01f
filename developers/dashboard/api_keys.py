"""API keys: the list, a new one shown once, and revoking one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from developers import api_keys as verbs
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.forms import ApiKeyForm
from developers.models import ApiKey
from developers.states import Role
from terra_portal import paging
from terra_portal.errors import InvalidInputError


@require_safe
@environment_page()
def api_keys(request: EnvironmentRequest) -> HttpResponse:
    """Newest first, revoked ones among them; of a key only its last four characters are known."""
    keys = ApiKey.objects.for_environment(request.environment).select_related("created_by")
    page = paging.page(keys, request.GET.get("page", ""), by="created_at")
    context = {
        "rows": page.rows,
        "links": paging.links(page, request.GET),
        "new_url": address(request, "api_key_create"),
    }
    return render(request, part(request, "dashboard/api_keys.html", "list"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@environment_page(role=Role.DEVELOPER)
def create(request: EnvironmentRequest) -> HttpResponse:
    """The form; on its answer the new key stands once, and nowhere after."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "keys_url": address(request, "api_keys")}
    if form.is_valid():
        try:
            made, plaintext = verbs.create(
                request.environment, name=form.cleaned_data["name"], created_by=request.user
            )
        except InvalidInputError as error:
            form.refuse(error)
        else:
            context |= {"made": made, "plaintext": plaintext}
            return render(request, "dashboard/api_keys_made.html", context)
    status = 422 if form.errors else 200
    return render(request, "dashboard/api_keys_create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def revoke(request: EnvironmentRequest, key_id: UUID) -> HttpResponse:
    """Asks first; the answer to the form revokes."""
    keys = ApiKey.objects.for_environment(request.environment)
    key = get_object_or_404(keys.select_related("environment__company"), pk=key_id)
    back = address(request, "api_keys")
    if key.revoked_at:
        messages.info(request, f"The key “{key.name}” was revoked before.")
        return redirect(back)
    if request.method == "POST":
        verbs.revoke(key, by=request.user)
        messages.success(request, f"The key “{key.name}” is revoked.")
        return redirect(back)
    context = {
        "title": f"Revoke the key “{key.name}”?",
        "heading": "Revoke an API key",
        "consequences": [
            ("lock", "Requests that carry it are refused at once."),
            ("users", "Users and their connections stay as they are."),
            ("repeat-2", "It cannot be undone. Make a new key before you revoke one in use."),
        ],
        "submit_label": "Revoke the key",
        "action": request.path,
        "cancel_url": back,
    }
    return render(request, "components/confirm_page.html", context)
