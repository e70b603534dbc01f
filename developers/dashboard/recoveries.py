"""Recoveries: everything that was given up since a time goes out again, with its progress."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.dashboard.destinations import current, spoken
from developers.dashboard.recovery_form import OTHER, RecoveryForm, SinceForm
from developers.models import Destination, Recovery
from developers.states import RecoveryState, Role
from developers.webhooks import resend
from terra_portal import moments, paging
from terra_portal.errors import InvalidInputError


@require_safe
@environment_page()
def recoveries(request: EnvironmentRequest) -> HttpResponse:
    """The past ones, newest first; above them the form of a new one."""
    page = paging.page(_listed(request), request.GET.get("page", ""), by="created_at")
    context = {
        "form": RecoveryForm(destinations=_choices(request)),
        "rows": [(row, *_of(row)) for row in page.rows],
        "links": paging.links(page, request.GET),
        "create_url": address(request, "recovery_create"),
    }
    return render(request, part(request, "dashboard/recoveries.html", "list"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def create(request: EnvironmentRequest) -> HttpResponse:
    """Says how many it would be; the answer to that begins."""
    if request.method == "POST":
        return _begun(request)
    form = RecoveryForm(request.GET, destinations=_choices(request))
    if not form.is_valid():
        return _refused(request, form)
    since, chosen = form.cleaned_data["since"], _chosen(request, form.cleaned_data["destination"])
    count = resend.given_up(request.environment, since=since, destination=chosen).count()
    if not count:
        form.add_error(None, "Nothing was given up since then, so there is nothing to send again.")
        return _refused(request, form)
    hidden = SinceForm(initial={"since": since.isoformat(), "destination": chosen and chosen.pk})
    noun = "delivery" if count == 1 else "deliveries"
    context = {
        "title": f"Send {count:,} {noun} again?",
        "heading": "Recover what failed",
        "text": f"What was given up since {moments.exact(since)}"
        + (f", at {chosen.url}" if chosen else ", at every destination"),
        "consequences": CONSEQUENCES,
        "form": hidden,
        "submit_label": "Send again",
        "safe": True,
        "cancel_label": "Leave it",
        "action": request.path,
        "cancel_url": address(request, "recoveries"),
    }
    return render(request, "components/confirm_page.html", context)


CONSEQUENCES = [
    ("repeat-2", "Each goes out with its own id and bytes, and its schedule begins anew."),
    ("clock", "It is done in the background; this page may be left."),
    ("trash-2", "What has arrived meanwhile or is erased is left out."),
]


@require_safe
@environment_page()
def recovery(request: EnvironmentRequest, recovery_id: UUID) -> HttpResponse:
    """How far it has come; asks again by itself while it runs."""
    found = get_object_or_404(_listed(request), pk=recovery_id)
    host, left_out = _of(found)
    context = {
        "recovery": found,
        "host": host,
        "left_out": left_out,
        "running": found.state == RecoveryState.RUNNING,
    }
    return render(request, part(request, "dashboard/recovery.html", "progress"), context)


def _begun(request: EnvironmentRequest) -> HttpResponse:
    form = SinceForm(request.POST)
    if not form.is_valid():
        return _refused(request, _written(request))
    chosen = form.cleaned_data["destination"]
    try:
        begun = resend.recover(
            request.environment,
            since=form.cleaned_data["since"],
            destination=_chosen(request, str(chosen or "")),
            by=request.user,
        )
    except InvalidInputError as error:
        again = _written(request)
        again.refuse(error)
        return _refused(request, again)
    return redirect(address(request, "recovery", recovery_id=begun.pk))


def _written(request: EnvironmentRequest) -> RecoveryForm:
    """What was confirmed, as the form that it came from."""
    data = {"last": OTHER, **request.POST.dict()}
    return RecoveryForm(data, destinations=_choices(request))


def _refused(request: EnvironmentRequest, form: RecoveryForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "create_url": address(request, "recovery_create")}
    return render(request, "dashboard/recoveries_create.html", context, status=422)


def _listed(request: EnvironmentRequest) -> QuerySet[Recovery]:
    here = Recovery.objects.for_environment(request.environment)
    return here.select_related("destination", "created_by")


def _chosen(request: EnvironmentRequest, destination_id: str) -> Destination | None:
    """The destination of that id; 404 for one that is not here."""
    return get_object_or_404(current(request), pk=destination_id) if destination_id else None


def _choices(request: EnvironmentRequest) -> list[tuple[str, str]]:
    here = current(request).order_by("-created_at", "-pk").values_list("pk", "url")
    return [(str(pk), "".join(spoken(url))[:80]) for pk, url in here]


def _of(recovery: Recovery) -> tuple[str, int]:
    """Where to, and how many turned out to have arrived or to be erased."""
    host = spoken(recovery.destination.url)[0] if recovery.destination else ""
    over = recovery.state == RecoveryState.DONE
    return host, recovery.total - recovery.done if over else 0
