"""The revocation log: every connection that ended, why, and how we know."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connections import exports, log
from connections.dashboard import causes, figures
from connections.dashboard.filters import RevocationFilter
from connections.dashboard.names import provider_name
from connections.exports import Form
from connections.models import Revocation
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from terra_portal import paging, ranges


@require_safe
@environment_page()
def revocations(request: EnvironmentRequest) -> HttpResponse:
    """Newest first; the bars above it are of the last thirty days, whatever the filter."""
    form = RevocationFilter(request.GET)
    rows = form.narrow(request.environment)
    page = paging.page(rows, request.GET.get("page", ""), by=log.BY)
    template = part(request, "dashboard/revocations.html", "list")
    context = {
        "form": form,
        "rows": [_row(entry) for entry in page.rows],
        "links": paging.links(page, request.GET),
        "clear_url": address(request, "revocations"),
        "export_url": f"{address(request, 'revocations_export')}?{request.GET.urlencode()}",
    }
    if "#" not in template:
        context["ends"] = figures.ends(request.environment, ranges.read(ranges.USUAL))
    return render(request, template, context)


@require_safe
@environment_page()
def export(request: EnvironmentRequest) -> HttpResponse:
    """The same rows as CSV, sent as they are read. A filter with errors goes back to the page."""
    form = RevocationFilter(request.GET)
    if not form.is_valid():
        return redirect(f"{address(request, 'revocations')}?{request.GET.urlencode()}")
    rows = form.narrow(request.environment)
    return exports.revocations(rows, request.environment, Form.CSV)  # type: ignore[return-value]


def _row(entry: Revocation) -> dict[str, object]:
    told = entry.occurred_at != entry.recorded_at
    return {
        "entry": entry,
        "detail": getattr(entry, "detail", None),
        "provider": provider_name(entry.provider),
        "what": causes.sentence(entry.kind, entry.door),
        "their_time": entry.occurred_at if told else None,
    }
