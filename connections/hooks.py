"""The doors that providers knock at: one address per OAuth client."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from connections import notices
from connections.providers import REGISTRY
from connections.providers.answers import Knock, MalformedNoticeError, NotVerifiedError

logger = logging.getLogger(__name__)

MAX_BYTES = 256_000


@csrf_exempt  # a machine without cookies; the signature is what counts
@login_not_required
def hook(request: HttpRequest, provider: str, hook_id: str) -> HttpResponse:
    """Stores a verified notice, or passes the provider's test of the address.

    What follows from a notice is decided elsewhere.
    """
    client = notices.find_client(provider, hook_id)
    if client is None:
        return HttpResponse(status=404)
    knows = REGISTRY[client.provider]
    if request.method not in knows.hears:
        return HttpResponseNotAllowed(knows.hears)
    try:
        body = request.body
    except RequestDataTooBig:
        return HttpResponse(status=413)
    if len(body) > MAX_BYTES:
        return HttpResponse(status=413)
    knock = Knock(request.method, request.headers, request.GET.dict(), body)
    try:
        reply = notices.receive(client, knock)
    except NotVerifiedError as error:
        logger.warning("notice for client %s refused: %s", client.pk, error)
        return HttpResponse(status=error.status or knows.refused_status)
    except MalformedNoticeError as error:
        logger.warning("notice for client %s not understood: %s", client.pk, error)
        return HttpResponse(status=400)
    return HttpResponse(reply.content, status=reply.status, content_type=reply.content_type)
