"""Who is asking: the one decorator in which a dashboard page states whom it is for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from developers.models import Company, Environment, Membership, User
from developers.states import Role
from terra_portal import tenancy


class EnvironmentRequest(HttpRequest):
    """A request of a member of `company` about one of its environments."""

    user: User
    htmx: HtmxDetails
    company: Company
    environment: Environment
    membership: Membership


Page = Callable[..., HttpResponse]


def environment_page(*, role: Role = Role.VIEWER) -> Callable[[Page], Page]:
    """The page is for members of the URL's company whose role reaches `role`.

    One query loads company, environment and membership. Outsiders are answered exactly like an
    address that does not exist; a member whose role is too low gets 403. The page runs within
    `tenancy.environment`, and its URL's `company` and `environment` are taken from its arguments.
    """

    def around(page: Page) -> Page:
        @wraps(page)
        def guarded(
            request: EnvironmentRequest, *, company: str, environment: str, **rest: Any
        ) -> HttpResponse:
            _load(request, company, environment)
            if not request.membership.may(role):
                raise PermissionDenied
            with tenancy.environment(request.environment.id):
                response = page(request, **rest)
            return _kept_private(response)

        return guarded

    return around


def _load(request: EnvironmentRequest, company: str, environment: str) -> None:
    found = (
        Environment.objects.filter(
            company__slug=company, kind=environment, company__memberships__user=request.user
        )
        .select_related("company")
        .annotate(
            member_id=F("company__memberships__id"),
            member_role=F("company__memberships__role"),
            member_since=F("company__memberships__created_at"),
        )
        .first()
    )
    if found is None:
        raise Http404
    request.company, request.environment = found.company, found
    request.membership = Membership(
        id=found.member_id,
        company=found.company,
        user=request.user,
        role=found.member_role,
        created_at=found.member_since,
    )


def _kept_private(response: HttpResponse) -> HttpResponse:
    """One address answers people differently, and htmx with a part of the page."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, ["Cookie", "HX-Request"])
    return response
