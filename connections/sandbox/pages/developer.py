from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods

from .. import clients
from ..models import App

FIELDS = ("name", "client_id", "client_secret", "redirect_uris", "notice_url")


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
    context = {"apps": App.objects.order_by("name", "pk"), "typed": typed, "error": error}
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
    )
