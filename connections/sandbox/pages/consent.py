from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import authorise, personalities


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Ask for consent, every time. The form posts to its own URL, query and all."""
    uri = request.get_full_path()
    try:
        asked = authorise.read(uri)
    except authorise.Refused as refused:
        context = {"reason": str(refused)}
        return render(request, "sandbox/refused.html", context, status=400)
    except authorise.SentBack as back:
        return _leave(back.url)
    if not request.user.is_authenticated:
        return redirect_to_login(uri)
    if request.method != "POST":
        return _ask(request, asked)
    if request.POST.get("decision") != "allow":
        return _leave(authorise.deny(asked))
    return _leave(authorise.allow(asked, request.user, request.POST.getlist("scope")))


def _ask(request: HttpRequest, asked: authorise.Asked) -> HttpResponse:
    native = asked.personality.id == personalities.NATIVE
    context = {"asked": asked, "uri": asked.uri, "company": asked.personality, "native": native}
    response = render(request, "sandbox/consent.html", context)
    # The answer to this form leads to the app's site and on to wherever the app sends people;
    # browsers hold form-action against every hop.
    response._csp_replace = {"form-action": None}  # type: ignore[attr-defined]
    return response


def _leave(url: str) -> HttpResponse:
    return HttpResponseRedirect(url)
