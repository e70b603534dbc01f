"""What the dashboard's layout shows around every page of an environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from developers.access import EnvironmentRequest
from developers.models import Membership
from developers.states import EnvironmentKind, Role


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Section:
    label: str
    items: Sequence[Item]


@dataclass(frozen=True)
class Sibling:
    """An environment of the same company; `url` leads to the same page there."""

    kind: str
    get_kind_display: str
    url: str


@dataclass(frozen=True)
class Entry:
    """A menu item by URL name; `pages` are the other names that lie beneath it."""

    name: str
    label: str
    icon: str
    pages: tuple[str, ...] = ()


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("overview", "Overview", "layout-dashboard"),
            Entry("users", "Users", "users", ("user", "user_disconnect")),
            Entry("revocations", "Revocations", "scroll-text"),
            Entry("connect_links", "Connect links", "link", ("connect_link_",)),
        ),
    ),
    (
        "Build",
        (
            Entry("sources", "Sources", "watch", ("source",)),
            Entry("api_keys", "API keys", "key-round", ("api_key_",)),
            Entry("destinations", "Destinations", "webhook", ("destination",)),
            Entry("events", "Events", "zap", ("event", "recover")),
        ),
    ),
    (
        "Manage",
        (
            Entry("environment_settings", "Settings", "settings"),
            Entry("members", "Members", "user-plus", ("member_",)),
            Entry("audit", "Audit log", "file-text"),
        ),
    ),
)


def dashboard(request: HttpRequest) -> dict[str, Any]:
    """Company, environment and menu; nothing for a request that has no environment."""
    if not hasattr(request, "environment"):
        return {}
    return _around(cast(EnvironmentRequest, request))


def _around(request: EnvironmentRequest) -> dict[str, Any]:
    membership = request.membership
    return {
        "company": request.company,
        "environment": request.environment,
        "environments": _siblings(request),
        "membership": membership,
        "memberships": _elsewhere(request),
        "nav": _nav(request),
        "may_develop": membership.may(Role.DEVELOPER),
        "may_administer": membership.may(Role.ADMIN),
        "may_own": membership.may(Role.OWNER),
    }


def _elsewhere(request: EnvironmentRequest) -> QuerySet[Membership]:
    """The reader's other companies; asked for only when a layout shows them."""
    others = Membership.objects.filter(user=request.user).exclude(company=request.company)
    return others.select_related("company").order_by("company__name", "id")


def _nav(request: EnvironmentRequest) -> list[Section]:
    here = _page(request)
    sections = []
    for label, entries in MENU:
        items = [
            Item(entry.label, _address(request, entry.name), entry.icon, _within(entry, here))
            for entry in entries
        ]
        sections.append(Section(label, items))
    return sections


def _siblings(request: EnvironmentRequest) -> list[Sibling]:
    """The three environments, each at this page; a page of one row leads to that row's list."""
    here = _page(request)
    entries = [entry for _, group in MENU for entry in group]
    name = next((entry.name for entry in entries if _within(entry, here)), "overview")
    return [
        Sibling(kind.value, kind.label, _address(request, name, kind.value))
        for kind in EnvironmentKind
    ]


def _within(entry: Entry, page: str) -> bool:
    return page == entry.name or (bool(entry.pages) and page.startswith(entry.pages))


def _page(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.url_name or "") if match else ""


def _address(request: EnvironmentRequest, name: str, kind: str = "") -> str:
    place = {
        "company": request.company.slug,
        "environment": kind or request.environment.kind,
    }
    return reverse(name, kwargs=place)
