from ..models import Consent
from .access import Answer, Asked, control


@control("GET")
def listed(asked: Asked) -> Answer:
    """The consents to ``clients`` (ids, spaces between) that tokens were handed out for.

    In that order; those that have ended say why.
    """
    exchanged = Consent.objects.exclude(exchanged_at=None).select_related("account", "app")
    mine = exchanged.filter(app__client_id__in=asked["clients"].split())
    return [_shown(consent) for consent in mine.order_by("exchanged_at", "pk")]


def _shown(consent: Consent) -> dict[str, object]:
    ended_at = consent.ended_at and consent.ended_at.isoformat(timespec="microseconds")
    return {
        "consent_id": consent.consent_id,
        "client_id": consent.app.client_id,
        "account": consent.account.name,
        "user_id": consent.account.user_id,
        "scope": consent.scope,
        "ended_at": ended_at,
        "end": consent.end,
    }
