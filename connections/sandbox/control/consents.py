from ..models import Consent
from .access import Answer, Asked, control


@control("GET")
def listed(asked: Asked) -> Answer:
    """A client's consents that tokens were handed out for, in that order; ended ones say why."""
    exchanged = Consent.objects.filter(
        app__client_id=asked["client_id"], exchanged_at__isnull=False
    )
    return [
        {
            "consent_id": consent.consent_id,
            "account": consent.account.name,
            "user_id": consent.account.user_id,
            "scope": consent.scope,
            "ended_at": consent.ended_at and consent.ended_at.isoformat(timespec="microseconds"),
            "end": consent.end,
        }
        for consent in exchanged.select_related("account").order_by("exchanged_at", "pk")
    ]
