"""Incidents in the admin: what is held, what it would mean, and the staff's decision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse

from connections import incidents
from connections.models import Incident
from connections.providers import REGISTRY
from connections.states import ConnectionState, End, HeldOutcome, IncidentState
from developers.models import User
from developers.states import EventType
from terra_portal.admin import KeyedAdmin

SAMPLE = 10


@dataclass(frozen=True)
class Decision:
    """One of the two things that can be decided, in words for whoever decides."""

    name: str
    verb: Callable[..., bool]
    title: str
    consequences: tuple[str, ...]
    button: str
    done: str


DECISIONS = {
    "release": Decision(
        "release",
        incidents.release,
        "Release the held ends?",
        (
            "Each user below is disconnected, and their company is told once. This cannot be "
            "undone: they have to connect again.",
            "An account that was seen alive or authorised anew meanwhile is left alone.",
            "Ends that are found from now on count anew, and may be held again.",
        ),
        "Release them",
        "Released. The ends are carried out in the background.",
    ),
    "discard": Decision(
        "discard",
        incidents.discard,
        "Discard the held ends?",
        (
            "Everybody stays connected, and no company is told of a revocation.",
            "The accounts are no longer in doubt. They are checked anew, and what is found then "
            "counts as new.",
        ),
        "Discard them",
        "Discarded. Doubt is cleared in the background.",
    ),
}


def may_decide(request: HttpRequest) -> bool:
    return request.user.has_perm("connections.change_incident")


def would_be(incident: Incident) -> list[dict[str, Any]]:
    """The ends that still wait, by kind: the event that each is, and how many it would reach."""
    living = Q(grant__connections__state=ConnectionState.ACTIVE)
    rows = incident.held_ends.waiting().values("kind")
    counted = rows.annotate(
        accounts=Count("pk", distinct=True),
        users=Count("grant__connections", filter=living, distinct=True),
        companies=Count("grant__connections__environment__company", filter=living, distinct=True),
    )
    return [
        row | {"label": End(row["kind"]).label, "event": _event(row["kind"])} for row in counted
    ]


def _event(kind: str) -> EventType:
    return EventType.ACCESS_REVOKED if kind == End.REVOKED else EventType.DEAUTH


def outcomes(incident: Incident) -> list[tuple[str, int]]:
    """What has become of the held ends so far."""
    rows = incident.held_ends.values_list("outcome").annotate(Count("pk"))
    return [(HeldOutcome(outcome).label, count) for outcome, count in rows.order_by("outcome")]


class IncidentAdmin(KeyedAdmin):
    by_text = "oauth_client__client_id"
    search_help_text = "An id, or an OAuth client's client id"
    list_display = ("opened_at", "client", "provider", "state", "held", "decided_at", "decided_by")
    list_filter = ("state",)
    list_select_related = ("oauth_client", "decided_by")
    ordering = ("-opened_at", "-id")
    fields = (
        *("id", "oauth_client", "provider", "state", "opened_at", "told_at"),
        *("decided_at", "decided_by", "settled_at"),
    )
    change_form_template = "admin/connections/incident/incident.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        rows: QuerySet[Incident] = super().get_queryset(request)
        return rows.annotate(held_count=Count("held_ends"))

    @admin.display(description="application")
    def client(self, incident: Incident) -> str:
        return incident.oauth_client.client_id

    @admin.display
    def provider(self, incident: Incident) -> str:
        return REGISTRY[incident.oauth_client.provider].display_name

    @admin.display(description="held", ordering="held_count")
    def held(self, incident: Incident) -> int:
        return int(getattr(incident, "held_count", 0))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        incident = self.get_object(request, object_id)
        more = _shown(incident, request) if incident else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)

    def get_urls(self) -> list[URLPattern]:
        """The two decisions come before the admin's own, which take any text for a key."""
        decide = self.admin_site.admin_view(self.decide)
        ours = [
            path(
                f"<uuid:incident_id>/{name}/",
                decide,
                {"decision": decision},
                name=f"connections_incident_{name}",
            )
            for name, decision in DECISIONS.items()
        ]
        return [*ours, *super().get_urls()]

    def decide(self, request: HttpRequest, incident_id: UUID, decision: Decision) -> HttpResponse:
        """Asks first, and says what follows; the answer to the form decides."""
        if not may_decide(request) or not isinstance(request.user, User):
            raise PermissionDenied
        incident = get_object_or_404(self.get_queryset(request), pk=incident_id)
        back = reverse("admin:connections_incident_change", args=[incident.pk])
        if request.method == "POST":
            if decision.verb(incident.pk, by=request.user):
                messages.success(request, decision.done)
            else:
                messages.warning(request, "Somebody has decided meanwhile.")
            return redirect(back)
        if incident.state != IncidentState.OPEN:
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            **_shown(incident, request),
            "title": decision.title,
            "decision": decision,
            "opts": self.opts,
            "back": back,
        }
        return render(request, "admin/connections/incident/decide.html", context)


def _shown(incident: Incident, request: HttpRequest) -> dict[str, Any]:
    total = incident.held_ends.count()
    waiting = incident.held_ends.waiting().count()
    is_open = incident.state == IncidentState.OPEN
    return {
        "incident": incident,
        "is_open": is_open,
        "may_decide": is_open and may_decide(request),
        "would_be": would_be(incident),
        "outcomes": outcomes(incident),
        "sample": incident.held_ends.select_related("grant").order_by("held_at")[:SAMPLE],
        "total": total,
        "settled": total - waiting,
    }


class HeldEndAdmin(KeyedAdmin):
    by_text = "incident__oauth_client__client_id"
    search_help_text = "An id, or an OAuth client's client id"
    list_display = ("held_at", "grant", "kind", "door", "evidence", "outcome", "settled_at")
    list_filter = ("outcome", "kind", "door")
    list_select_related = ("grant",)
    ordering = ("-held_at", "-id")
    fields = (
        *("id", "incident", "grant", "authorisation_number", "kind", "door", "evidence"),
        *("held_at", "outcome", "settled_at"),
    )
