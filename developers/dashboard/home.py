"""Where a person who signs in comes to, and how a company begins."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from developers import companies
from developers.forms import CompanyForm
from developers.models import Membership, User
from developers.states import EnvironmentKind
from terra_portal.errors import InvalidInputError


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The overview of the company joined last; without one, staff go to work, others make one."""
    mine = Membership.objects.filter(user=cast(User, request.user))
    latest = mine.select_related("company").order_by("-created_at", "-id").first()
    if latest is None:
        staff = cast(User, request.user).is_staff
        return redirect("admin:index" if staff else "company_create")
    return redirect("overview", company=latest.company.slug, environment=EnvironmentKind.TESTING)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def company_create(request: HttpRequest) -> HttpResponse:
    """The form; its answer shows the three environments and their first API keys, this once."""
    form = CompanyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = companies.create(form.cleaned_data["name"], owner=cast(User, request.user))
        except InvalidInputError as error:
            form.refuse(error)
        else:
            worlds = [
                (kind, made.environments[kind.value], made.api_keys[kind.value])
                for kind in EnvironmentKind
            ]
            context = {"made": made.company, "worlds": worlds}
            return render(request, "dashboard/company_create_made.html", context)
    status = 422 if form.errors else 200
    return render(request, "dashboard/company_create.html", {"form": form}, status=status)
