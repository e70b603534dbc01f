import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ..dials import slow_seconds
from ..models import Inbox
from . import keeping

LIMIT = 1024 * 1024


@csrf_exempt
@require_POST
def hook(request: HttpRequest, slug: str) -> HttpResponse:
    """Take whatever comes, up to 1 MB."""
    inbox = get_object_or_404(Inbox, slug=slug)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LIMIT:
        return HttpResponse("too large", status=413, content_type="text/plain")
    status = 500 if inbox.answer == "500" else 200
    headers = {name.lower(): value for name, value in request.headers.items()}
    keeping.keep(inbox, headers, request.body, answered=status)
    time.sleep(slow_seconds(inbox.answer) or 0)
    return HttpResponse("ok" if status == 200 else "broken", status=status)
