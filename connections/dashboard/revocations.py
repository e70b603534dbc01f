"""The revocation log: every connection that ended, why, and how we know."""

import csv
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from connections.dashboard import causes, figures
from connections.dashboard.filters import RevocationFilter
from connections.dashboard.names import provider_name
from connections.models import Revocation
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.models import EnvironmentQuerySet
from terra_portal import paging, ranges, tenancy

COLUMNS = (
    "id",
    "user_id",
    "reference_id",
    "provider",
    "kind",
    "door",
    "connected_at",
    "occurred_at",
    "recorded_at",
    "actor",
    "evidence",
)
CHUNK = 500


@require_safe
@environment_page()
def revocations(request: EnvironmentRequest) -> HttpResponse:
    """Newest first; the bars above it are of the last thirty days, whatever the filter."""
    form = RevocationFilter(request.GET)
    page = paging.page(form.narrow(_log(request)), request.GET.get("page", ""), by="recorded_at")
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
    rows = form.narrow(_log(request)).order_by("-recorded_at", "-id")
    name = f"revocations-{request.company.slug}-{request.environment.kind}.csv"
    return StreamingHttpResponse(  # type: ignore[return-value]
        _lines(rows, request.environment.id),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _log(request: EnvironmentRequest) -> EnvironmentQuerySet[Revocation]:
    return Revocation.objects.for_environment(request.environment).select_related("detail")


def _row(entry: Revocation) -> dict[str, object]:
    told = entry.occurred_at != entry.recorded_at
    return {
        "entry": entry,
        "detail": getattr(entry, "detail", None),
        "provider": provider_name(entry.provider),
        "what": causes.sentence(entry.kind, entry.door),
        "their_time": entry.occurred_at if told else None,
    }


class _Line:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: EnvironmentQuerySet[Revocation], environment_id: UUID) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    # The view has returned by now, so its tenancy has to be entered again for the reading.
    with tenancy.environment(environment_id):
        for entry in rows.iterator(chunk_size=CHUNK):
            yield writer.writerow([_safe(cell) for cell in _cells(entry)])


def _cells(entry: Revocation) -> Iterable[str]:
    detail = getattr(entry, "detail", None)
    times = (entry.connected_at, entry.occurred_at, entry.recorded_at)
    return (
        str(entry.id),
        str(entry.user_id),
        detail.reference_id if detail else "",
        entry.provider,
        entry.kind,
        entry.door,
        *(moment.isoformat() for moment in times),
        detail.actor if detail else "",
        detail.evidence if detail else "",
    )


def _safe(cell: str) -> str:
    """A spreadsheet must not run what somebody chose as a reference."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
