from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods

from .. import clients, personalities
from ..models import App

FIELDS = (
    "personality", "name", "client_id", "client_secret", "redirect_uris", "notice_url",
    "notice_secret",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def developer(request: HttpRequest) -> HttpResponse:
    typed = {field: request.POST.get(field, "").strip() for field in FIELDS}
    error = ""
    if request.method == "POST":
        try:
            app = _register(typed)
        except ValueError as refused:
            error = str(refused)
        else:
            messages.success(request, f"{app} is registered.")
            return redirect("developer")
    typed["personality"] = typed["personality"] or personalities.NATIVE
    context = {
        "apps": [(app, personalities.of(app)) for app in App.objects.order_by("name", "pk")],
        "companies": personalities.everyone().values(),
        "typed": typed,
        "error": error,
    }
    return render(request, "sandbox/developer.html", context, status=400 if error else 200)


def _register(typed: dict[str, str]) -> App:
    """A registered app is changed only by who knows its secret."""
    app = App.objects.filter(client_id=typed["client_id"]).first()
    if app and not constant_time_compare(app.client_secret, typed["client_secret"]):
        raise ValueError("This client id is registered with another secret.")
    return clients.register(
        typed["client_id"],
        client_secret=typed["client_secret"],
        name=typed["name"],
        redirect_uris=typed["redirect_uris"].split(),
        notice_url=typed["notice_url"],
        personality=typed["personality"] or personalities.NATIVE,
        notice_secret=typed["notice_secret"],
    )
