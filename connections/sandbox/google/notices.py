"""What Google tells apps: events of an account's security, and changes of its data.

https://developers.google.com/identity/protocols/risc, https://developers.google.com/health/webhooks
"""

import json
from collections.abc import Collection

from django.utils import timezone

from ..models import App
from ..models.notice import new_notice_id
from ..notices import Told
from ..reach import reach

ISSUER = "https://accounts.google.com"
SET = "application/secevent+jwt"
TOKENS_REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked"
ACCOUNT_PURGED = "https://schemas.openid.net/secevent/risc/event-type/account-purged"

HEALTH = "https://www.googleapis.com/auth/googlehealth"
# What is told to be new or gone, by the scope that opens it.
DATA_TYPES = {
    f"{HEALTH}.activity_and_fitness.readonly": ("steps", "distance"),
    f"{HEALTH}.health_metrics_and_measurements.readonly": ("weight",),
    f"{HEALTH}.sleep.readonly": ("sleep",),
}
TESTER = "Google-Health-API-Webhooks-Verifier"


def event(kind: str, subject: str) -> Told:
    """A Security Event Token (RFC 8417) but for its audience and signature."""
    named = new_notice_id()
    issuer = f"{ISSUER}/"
    claims = {
        "iss": issuer,
        "iat": int(timezone.now().timestamp()),
        "jti": named,
        "events": {kind: {"subject": {"subject_type": "iss-sub", "iss": issuer, "sub": subject}}},
    }
    return Told(json.dumps(claims), content_type=SET, notice_id=named)


def changes(app: App, health_user_id: str, granted: Collection[str], operation: str) -> list[Told]:
    """One webhook with an entry for each type of data; none without a subscriber's secret."""
    if not app.notice_secret:
        return []
    now = timezone.now()
    today = {"startTime": f"{now:%Y-%m-%d}T00:00:00Z", "endTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    entries = [
        {
            "data": {
                "version": "1",
                "clientProvidedSubscriptionName": f"{app.client_id}-{data_type}",
                "healthUserId": health_user_id,
                "operation": operation,
                "dataType": data_type,
                "intervals": [{"physicalTimeInterval": today}],
            }
        }
        for scope, data_types in DATA_TYPES.items()
        if scope in granted
        for data_type in data_types
    ]
    return [Told(json.dumps(entries))] if entries else []


def passes_test(app: App) -> bool:
    """Whether the address takes the test with the app's secret, and refuses it without."""
    if not app.notice_url or not app.notice_secret:
        return False
    body, headers = b'{"type": "verification"}', {"Content-Type": "application/json"}
    headers |= {"User-Agent": TESTER}
    known = {**headers, "Authorization": app.notice_secret}
    right = reach("POST", app.notice_url, body=body, headers=known)
    wrong = reach("POST", app.notice_url, body=body, headers=headers)
    if right is None or wrong is None:
        return False
    return right.status_code in (200, 201) and wrong.status_code in (401, 403)
