from django.contrib.auth import login, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from ..models import Account

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Any typed account name is an account."""
    forward = _next(request)
    typed = request.POST.get("account", "")
    if request.method != "POST":
        return render(request, "sandbox/sign_in.html", {"next": forward})
    name = Account.clean_name(typed)
    if name is None:
        context = {"next": forward, "typed": typed, "error": "Type a name of 1 to 200 characters."}
        return render(request, "sandbox/sign_in.html", context, status=400)
    login(request, Account.objects.named(name), backend=BACKEND)
    return redirect(forward)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    forward = _next(request)
    logout(request)
    return redirect(forward)


def whose(request: HttpRequest) -> Account:
    """The account that is signed in, on a page that asks for it."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def _next(request: HttpRequest) -> str:
    """Where to go on, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if ours else "/"
