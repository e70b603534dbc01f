"""Ending consents where the app is told about it: by the person, or by the client itself."""

from django.db import transaction

from . import dials, notices
from .models import Account, App, Consent
from .models.consent import End


@transaction.atomic
def by_person(account: Account, app: App | None = None) -> int:
    """End the account's consents for that app, or for every app. Says how many were live.

    Codes that nobody has exchanged yet die too, without a notice.
    """
    consents = Consent.objects.unended().filter(account=account)
    if app is not None:
        consents = consents.filter(app=app)
    live = 0
    for consent in consents.select_related("app", "account").order_by("pk"):
        consent.finish(End.PERSON)
        if consent.exchanged_at is not None:
            notices.announce(consent)
            live += 1
    return live


@transaction.atomic
def by_client(consent: Consent) -> None:
    """End it because its client asked; the echo is the notice that the person's button sends."""
    if consent.finish(End.CLIENT) and dials.read().revoke_sends_notice:
        notices.announce(consent)
