"""The endpoints that apps talk to: token, revoke, and what a token opens."""

import base64
import binascii
import random
from datetime import timedelta
from urllib.parse import unquote_plus

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from oauth2_provider.oauth2_backends import get_oauthlib_core

from .failures import Caller, logged
from .models import AccessToken, Code
from .validator import consent_of_token

INVALID_TOKEN = {"error": "invalid_token"}


@csrf_exempt
@require_POST
@logged("token")
@transaction.atomic
def token(request: HttpRequest, caller: Caller) -> HttpResponse:
    caller.client_id = _client_id(request)
    caller.grant_type = request.POST.get("grant_type", "")
    caller.account = _account_of(request.POST.get("code"), request.POST.get("refresh_token"))
    _, headers, body, status = get_oauthlib_core().create_token_response(request)
    return HttpResponse(body, status=status, headers=headers)


@csrf_exempt
@require_POST
@logged("revoke")
@transaction.atomic
def revoke(request: HttpRequest, caller: Caller) -> HttpResponse:
    """RFC 7009: an unknown token is 200 as well."""
    caller.client_id = _client_id(request)
    caller.account = _account_of(None, request.POST.get("token"))
    _, headers, body, status = get_oauthlib_core().create_revocation_response(request)
    return HttpResponse(body or "", status=status, headers=headers)


@require_GET
@logged("me")
def me(request: HttpRequest, caller: Caller) -> HttpResponse:
    found = _bearer(request)
    if found is None:
        return _invalid_token()
    caller.client_id, caller.account = found.application.client_id, found.user.name
    return JsonResponse(
        {
            "user_id": found.user.user_id,
            "account": found.user.name,
            "consent_id": found.consent.consent_id,
            "scope": found.scope,
        }
    )


@require_GET
def daily(request: HttpRequest) -> HttpResponse:
    """A week of make-believe days, the same for an account whenever it is asked."""
    found = _bearer(request)
    if found is None:
        return _invalid_token()
    today = timezone.now().date()
    days = [today - timedelta(days=back) for back in range(7)]
    return JsonResponse(
        {
            "user_id": found.user.user_id,
            "days": [_day(f"{found.user.user_id} {day}", day.isoformat()) for day in days],
        }
    )


def _day(seed: str, date: str) -> dict[str, object]:
    dice = random.Random(seed)  # noqa: S311 - make-believe, not a secret
    return {
        "date": date,
        "steps": dice.randrange(2_000, 16_000),
        "resting_heart_rate": dice.randrange(48, 72),
        "sleep_minutes": dice.randrange(330, 540),
    }


def _bearer(request: HttpRequest) -> AccessToken | None:
    valid, found = get_oauthlib_core().verify_request(request, scopes=[])
    return found.access_token if valid else None


def _invalid_token() -> HttpResponse:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return JsonResponse(INVALID_TOKEN, status=401, headers=challenge)


def _client_id(request: HttpRequest) -> str:
    """Who says to be calling, for the log only."""
    kind, _, coded = request.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return request.POST.get("client_id", "")[:255]
    try:
        return unquote_plus(base64.b64decode(coded).decode().partition(":")[0])[:255]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _account_of(code: str | None, token: str | None) -> str:
    found = Code.objects.filter(code=code).select_related("consent__account").first()
    consent = found.consent if found else consent_of_token(token or "")
    return consent.account.name if consent else ""
