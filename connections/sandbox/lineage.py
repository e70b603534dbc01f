"""One set of tokens for an account and an app, for companies that hand the same set out again.

Only checksums of tokens are kept, so those that have to be repeated are made of what their row
holds and the sandbox's own key.
"""

import hmac
import uuid

from django.conf import settings
from django.utils import timezone

from .models import AccessToken, Consent, RefreshToken
from .models.token import unspent

# With less than this left of the access token, an answer brings a new set.
LAST_HOUR = 3600


def join(consent: Consent) -> None:
    """What earlier consents of the same account and app hold belongs to this one from now on."""
    for earlier in consent.siblings().live():
        earlier.access_tokens.update(consent=consent, scope=consent.scope)
        earlier.refresh_tokens.update(consent=consent)


def current(consent: Consent) -> tuple[AccessToken, RefreshToken] | None:
    """The set to hand out again, if there is one with more than an hour left."""
    now = timezone.now()
    access = consent.access_tokens.order_by("-expires", "-pk").first()
    refresh = consent.refresh_tokens.filter(unspent(now)).order_by("-pk").first()
    if access is None or refresh is None:
        return None
    left = (access.expires - now).total_seconds()
    return (access, refresh) if left > LAST_HOUR else None


def retire(consent: Consent) -> None:
    """A new refresh token comes: the older one no longer works. Access tokens run out."""
    now = timezone.now()
    consent.refresh_tokens.filter(unspent(now)).update(revoked=now)


def access_text(access: AccessToken) -> str:
    return _text("access", access.application_id, access.user_id, access.expires.isoformat())


def refresh_text(refresh: RefreshToken) -> str:
    """Gives the row what its text is made of, if it has nothing yet."""
    refresh.token_family = refresh.token_family or uuid.uuid4()
    return _text("refresh", refresh.application_id, refresh.user_id, str(refresh.token_family))


def _text(*parts: object) -> str:
    seed = " ".join(map(str, parts)).encode()
    return hmac.new(settings.SECRET_KEY.encode(), seed, "sha256").hexdigest()[:40]
