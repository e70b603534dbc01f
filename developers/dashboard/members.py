"""Members of the company: the list, adding one, changing a role, removing one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from developers import members as verbs
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.forms import MemberForm, RoleForm
from developers.models import Membership
from developers.states import Role
from terra_portal import paging
from terra_portal.errors import InvalidInputError


@require_safe
@environment_page()
def members(request: EnvironmentRequest) -> HttpResponse:
    """Newest first. A role counts in all three environments."""
    people = Membership.objects.filter(company=request.company).select_related("user")
    page = paging.page(people, request.GET.get("page", ""), by="created_at")
    context = {
        "rows": [(row, _decides(request, row)) for row in page.rows],
        "links": paging.links(page, request.GET),
        "new_url": address(request, "member_add"),
    }
    return render(request, part(request, "dashboard/members.html", "list"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.ADMIN)
def add(request: EnvironmentRequest) -> HttpResponse:
    """Somebody who has an account already."""
    data = request.POST if request.method == "POST" else None
    form = MemberForm(data, roles=_roles(request))
    back = address(request, "members")
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            verbs.add(request.company, email, role=role, by=request.membership)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{email} is a member now.")
            return redirect(back)
    context = {"form": form, "members_url": back}
    status = 422 if form.errors else 200
    return render(request, "dashboard/members_add.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.ADMIN)
def change_role(request: EnvironmentRequest, member_id: UUID) -> HttpResponse:
    """Asks which; the answer to the form changes it."""
    member, back = _one(request, member_id), address(request, "members")
    data = request.POST if request.method == "POST" else None
    form = RoleForm(data, roles=_roles(request), initial={"role": member.role})
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        try:
            verbs.change_role(member, role, by=request.membership)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{member.user.email} is {role.label.lower()} now.")
            return redirect(back)
    context = {
        "title": f"Role of {member.user.email}",
        "heading": "Change a role",
        "text": "It counts in all three environments, at once.",
        "form": form,
        "safe": True,
        "submit_label": "Change the role",
        "action": request.path,
        "cancel_url": back,
    }
    status = 422 if form.errors else 200
    return render(request, "components/confirm_page.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.ADMIN)
def remove(request: EnvironmentRequest, member_id: UUID) -> HttpResponse:
    """Asks first; the answer to the form removes."""
    member, back = _one(request, member_id), address(request, "members")
    if request.method == "POST":
        return _removed(request, member, back)
    oneself = member.user_id == request.user.id
    context = {
        "title": f"Remove {'yourself' if oneself else member.user.email}?",
        "heading": "Remove a member",
        "consequences": [
            ("lock", "No page of this company opens any more, in any environment."),
            ("key-round", "API keys they made keep working. Revoke those they know."),
        ],
        "submit_label": "Leave the company" if oneself else "Remove them",
        "action": request.path,
        "cancel_url": back,
    }
    return render(request, "components/confirm_page.html", context)


def _removed(request: EnvironmentRequest, member: Membership, back: str) -> HttpResponse:
    try:
        verbs.remove(member, by=request.membership)
    except InvalidInputError as error:
        messages.error(request, error.message)
        return redirect(back)
    messages.success(request, f"{member.user.email} is no longer a member.")
    return redirect("home" if member.user_id == request.user.id else back)


def _one(request: EnvironmentRequest, member_id: UUID) -> Membership:
    people = Membership.objects.filter(company=request.company)
    return get_object_or_404(people.select_related("user", "company"), pk=member_id)


def _roles(request: EnvironmentRequest) -> list[Role]:
    """The roles that the reader may give."""
    return [role for role in Role if role != Role.OWNER or request.membership.may(Role.OWNER)]


def _decides(request: EnvironmentRequest, member: Membership) -> bool:
    """Whether the reader has a say about this member."""
    return request.membership.may(Role.ADMIN) and Role(member.role) in _roles(request)
