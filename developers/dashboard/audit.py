"""The audit log: what people and commands changed."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import part
from developers.models import AuditEntry
from terra_portal import paging


@require_safe
@environment_page()
def audit(request: EnvironmentRequest) -> HttpResponse:
    """This environment's entries and those of the company as a whole, newest first."""
    here = Q(environment=None) | Q(environment=request.environment)
    found = AuditEntry.objects.filter(here, company=request.company).select_related("actor")
    page = paging.page(found, request.GET.get("page", ""), by="at")
    rows = [(entry, said(entry.action)) for entry in page.rows]
    context = {"rows": rows, "links": paging.links(page, request.GET)}
    return render(request, part(request, "dashboard/audit.html", "list"), context)


def said(action: str) -> str:
    """`api_key.created` as a person says it: API key created."""
    thing, _, deed = action.replace("_", " ").partition(".")
    return f"{thing} {deed}".strip().capitalize().replace("Api ", "API ")
