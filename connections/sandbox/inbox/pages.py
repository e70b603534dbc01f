from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..models import Inbox
from . import answers, keeping

SHOWN = 100
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@require_http_methods(["GET", "HEAD", "POST"])
def inboxes(request: HttpRequest) -> HttpResponse:
    """All inboxes; a POST makes one."""
    name = request.POST.get("name", "").strip()[:200]
    if request.method == "POST" and name:
        slug = f"{slugify(name)[:60] or 'inbox'}-{get_random_string(6, LETTERS)}"
        return redirect("inbox", slug=keeping.put(slug, name=name).slug)
    counted = Inbox.objects.annotate(count=Count("arrivals"), latest=Max("arrivals__arrived_at"))
    return render(request, "sandbox/inboxes.html", {"inboxes": counted.order_by("name", "pk")})


@require_safe
def inbox(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest arrivals; htmx asks every 2 s for those above the number it has seen."""
    found = get_object_or_404(Inbox, slug=slug)
    arrivals = found.arrivals.order_by("-pk")
    after = request.GET.get("after", "")
    polls = bool(request.headers.get("HX-Request")) and after.isdecimal()
    if polls:
        arrivals = arrivals.filter(pk__gt=int(after))
    shown = list(arrivals[:SHOWN])
    if polls and not shown:
        return HttpResponse(status=204)
    context = {
        "inbox": found,
        "arrivals": shown,
        "newest": shown[0].pk if shown else 0,
        "hook_url": request.build_absolute_uri(reverse("inbox_hook", args=[slug])),
    }
    return render(request, "sandbox/_arrivals.html" if polls else "sandbox/inbox.html", context)


@require_POST
def secret(request: HttpRequest, slug: str) -> HttpResponse:
    get_object_or_404(Inbox, slug=slug)
    keeping.put(slug, secret=request.POST.get("secret", "")[:300])
    messages.success(request, "The signing secret is kept; what arrives is checked with it.")
    return redirect("inbox", slug=slug)


@require_POST
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    get_object_or_404(Inbox, slug=slug)
    wanted = request.POST.get("answer", "")
    if answers.is_known(wanted):
        keeping.put(slug, answer=wanted)
    return redirect("inbox", slug=slug)
