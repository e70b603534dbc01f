"""The doors that providers knock at: one address per OAuth client."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connections import notices
from connections.providers.answers import MalformedNoticeError, NotVerifiedError

logger = logging.getLogger(__name__)

MAX_BYTES = 256_000


@csrf_exempt  # a machine without cookies; the signature is what counts
@require_POST
@login_not_required
def hook(request: HttpRequest, provider: str, hook_id: str) -> HttpResponse:
    """Stores a verified notice and answers 204; what follows from it is decided elsewhere."""
    client = notices.find_client(provider, hook_id)
    if client is None:
        return HttpResponse(status=404)
    try:
        body = request.body
    except RequestDataTooBig:
        return HttpResponse(status=413)
    if len(body) > MAX_BYTES:
        return HttpResponse(status=413)
    try:
        notices.receive(client, headers=request.headers, body=body)
    except NotVerifiedError as error:
        logger.warning("notice for client %s refused: %s", client.pk, error)
        return HttpResponse(status=401)
    except MalformedNoticeError as error:
        logger.warning("notice for client %s not understood: %s", client.pk, error)
        return HttpResponse(status=400)
    return HttpResponse(status=204)
