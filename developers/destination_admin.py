"""Destinations in the admin, and how the sending of webhooks stands."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from developers.webhooks import backlog
from terra_portal.admin import KeyedAdmin


class DestinationAdmin(KeyedAdmin):
    """Neither secrets nor headers, which may carry one of the company's."""

    list_display = (
        *("url", "environment", "state", "stopped_because", "stopped_at"),
        *("failing_since", "last_success_at", "created_at", "removed_at"),
    )
    list_filter = ("state", "stopped_because", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("environment",)
    ordering = ("-created_at",)
    fields = (
        *("id", "environment", "url", "event_types", "deadline_seconds"),
        *("state", "stopped_because", "stopped_at", "failing_since", "warned_at"),
        *("alarm_due_at", "last_success_at", "slow_until", "previous_secret_until"),
        *("created_at", "removed_at"),
    )

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(require_safe(self.backlog))
        return [
            path("backlog/", page, name="developers_destination_backlog"),
            *super().get_urls(),
        ]

    def backlog(self, request: HttpRequest) -> HttpResponse:
        """What is due, held and disabled, and whose destinations are furthest behind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Webhooks: what waits",
            "opts": self.opts,
            "backlog": backlog.read(),
            "most": backlog.MOST,
        }
        return render(request, "admin/developers/destination/backlog.html", context)
