"""One source: what people are asked for, and the application that asks them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections import clients
from connections import sources as verbs
from connections.dashboard.sources import resource
from connections.dashboard.sources_forms import ApplicationForm, DataForm
from connections.dashboard.sources_rows import Row, rows
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.states import Role
from terra_portal.errors import InvalidInputError

STAY = "They stay connected, and their data can still be read."


@require_safe
@never_cache
@environment_page()
def source(request: EnvironmentRequest, provider: str) -> HttpResponse:
    """Every member reads it; the notice address, a secret of its own, is for developers."""
    return _page(request, _row(request, provider))


@require_POST
@never_cache
@environment_page(role=Role.DEVELOPER)
def data(request: EnvironmentRequest, provider: str) -> HttpResponse:
    row = _row(request, provider)
    form = DataForm(request.POST, row=row)
    if form.is_valid():
        try:
            verbs.choose_data(
                request.environment, row.place.provider, by=request.user, **form.chosen
            )
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. Whoever connects from now on is asked for this.")
            return redirect(address(request, "source", provider=provider))
    return _page(request, row, data_form=form)


@require_POST
@never_cache
@environment_page(role=Role.DEVELOPER)
def application(request: EnvironmentRequest, provider: str) -> HttpResponse:
    """Brings an application, changes its secrets, or puts another in its place."""
    row = _row(request, provider)
    form = ApplicationForm(
        request.POST, row=row, may_choose_simulated=_may_choose_simulated(request, row)
    )
    if form.is_valid():
        try:
            made = verbs.bring(
                request.environment, row.place.provider, by=request.user, **form.cleaned_data
            )
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, _done(row, made.client.client_id))
            return redirect(address(request, "source", provider=provider))
    return _page(request, row, application_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def close(request: EnvironmentRequest, provider: str) -> HttpResponse:
    """Asks first, and says who depends on it; the answer to the form closes."""
    row = _row(request, provider)
    back = address(request, "source", provider=provider)
    if row.own is None:
        messages.info(request, f"There is no application of your own for {row.name}.")
        return redirect(back)
    if request.method == "POST":
        _close(request, row)
        return redirect(back)
    context = {
        "title": f"Close the application {row.own.client_id} for {row.name}?",
        "heading": "Close an application",
        "consequences": [
            ("users", f"{_depend(row.users)} {STAY}" if row.users else _depend(row.users)),
            ("unplug", f"Nobody connects through it any more, and {row.name} is off here."),
            ("key-round", "It is not deleted. Keep it alive at the maker while anybody depends."),
        ],
        "submit_label": "Close it",
        "action": request.path,
        "cancel_url": back,
    }
    return render(request, "components/confirm_page.html", context)


def _close(request: EnvironmentRequest, row: Row) -> None:
    try:
        verbs.close(request.environment, row.place.provider, by=request.user)
    except InvalidInputError:
        messages.info(request, "The application was closed meanwhile.")
    else:
        messages.success(request, "The application is closed. Its users stay connected.")


def _row(request: EnvironmentRequest, provider: str) -> Row:
    name = resource(provider)
    return next(row for row in rows(request.environment) if row.place.provider == name)


def _page(request: EnvironmentRequest, row: Row, **forms: Any) -> HttpResponse:
    simulated = _may_choose_simulated(request, row)
    context = {
        "row": row,
        "data_form": DataForm(row=row),
        "application_form": ApplicationForm(row=row, may_choose_simulated=simulated),
        "may_bring": _may_bring(request, row, False) or _may_bring(request, row, True),
        "redirect_url": clients.redirect_url(row.place.provider),
        "notice_url": _notice_url(request, row),
        "asked": _asked(row),
        "depend": _depend(row.users),
        "earlier": row.earlier,
    } | forms
    return render(request, "dashboard/source.html", context, status=422 if forms else 200)


def _asked(row: Row) -> list[tuple[str, bool]]:
    """The data by its name, and whether it is required."""
    source = row.place.source
    required = source.required_scopes if source else []
    return [
        (row.maker.scope_labels[scope], scope in required)
        for scope in verbs.asked_for(row.place.provider, source.scopes if source else [])
    ]


def _notice_url(request: EnvironmentRequest, row: Row) -> str:
    if row.own is None or not request.membership.may(Role.DEVELOPER):
        return ""
    return clients.notice_url(row.own)


def _may_bring(request: EnvironmentRequest, row: Row, simulated: bool) -> bool:
    return verbs.may_bring(request.environment, row.place.provider, simulated=simulated)


def _may_choose_simulated(request: EnvironmentRequest, row: Row) -> bool:
    """Where both the maker and a stand-in could be meant."""
    return _may_bring(request, row, True) and _may_bring(request, row, False)


def _depend(users: int) -> str:
    if not users:
        return "No user of this environment depends on it."
    many = "1 user depends" if users == 1 else f"{users} users depend"
    return f"{many} on it."


def _done(row: Row, client_id: str) -> str:
    if row.own and row.own.client_id == client_id:
        return "The secrets are changed. Users stay connected."
    if row.own and row.users:
        many = "1 user stays" if row.users == 1 else f"{row.users} users stay"
        return f"{client_id} is used from now on. {many} on the earlier one until they reconnect."
    return f"{client_id} is used from now on. Register the addresses below at the maker."
