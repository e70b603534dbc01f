"""The demo's mailbox in the browser. Public, as the demo listens on this machine only."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from terra_portal.demo import mail


@login_not_required
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Everything that was sent, newest first."""
    return render(request, "demo/mailbox.html", {"mails": mail.listed()})


@login_not_required
@require_safe
def one_mail(request: HttpRequest, name: str) -> HttpResponse:
    """A mail as text, its addresses as links."""
    found = mail.find(name)
    if found is None:
        raise Http404
    return render(request, "demo/mail.html", {"mail": found})
