"""Ending consents where the app is told about it: by the person, or by the client itself."""

from django.db import transaction

from . import notices, personalities
from .models import Account, App, Consent
from .models.consent import ConsentQuerySet, End


@transaction.atomic
def by_person(account: Account, app: App | None = None) -> int:
    """End the account's consents for that app, or for every app. Says how many were live.

    Codes that nobody has exchanged yet die too, without a notice.
    """
    consents = Consent.objects.unended().filter(account=account)
    if app is not None:
        consents = consents.filter(app__in=personalities.of(app).revoked_together(app))
    return _end(consents, End.PERSON)


@transaction.atomic
def by_deletion(account: Account, personality: str) -> int:
    """The account is deleted at one company. Says how many consents were live.

    Raises ``ValueError`` where that company tells nobody about it.
    """
    if not personalities.named(personality).accounts_can_be_deleted:
        raise ValueError(f"{personalities.named(personality)} has no deletion of accounts.")
    consents = Consent.objects.unended().filter(account=account, app__personality=personality)
    return _end(consents, End.ACCOUNT_DELETED)


@transaction.atomic
def by_client(consent: Consent) -> None:
    """End it because its client asked; the echo is the notice that the person's button sends."""
    personality = personalities.of(consent.app)
    consents = Consent.objects.filter(pk=consent.pk)
    if personality.revoke_ends_all:
        apps = personality.revoked_together(consent.app)
        consents = Consent.objects.unended().filter(account=consent.account, app__in=apps)
    _end(consents, End.CLIENT, quietly=not personality.dials().revoke_sends_notice)


@transaction.atomic
def change_permissions(account: Account, app: App, scopes: list[str]) -> int:
    """The person allows this much from now on. Says how many consents it changed.

    Raises ``ValueError`` with a sentence where that cannot be done.
    """
    personality = personalities.of(app)
    if not personality.permissions_can_change:
        raise ValueError(f"At {personality} nobody can change permissions after the consent.")
    if unknown := [scope for scope in scopes if scope not in personality.scopes]:
        raise ValueError(f"{personality} has no permission {unknown[0]!r}.")
    consents = list(Consent.objects.live().filter(account=account, app=app).order_by("pk"))
    for consent in consents:
        consent.narrow(scopes)
    if consents:
        notices.tell(app, account, personality.tells_permissions(consents[-1]))
    return len(consents)


def _end(consents: ConsentQuerySet, how: End, *, quietly: bool = False) -> int:
    ended: dict[tuple[int, int], list[Consent]] = {}
    for consent in consents.select_related("app", "account").order_by("pk"):
        if consent.finish(how) and consent.exchanged_at is not None:
            ended.setdefault((consent.app_id, consent.account_id), []).append(consent)
    for together in ended.values():
        app, account = together[0].app, together[0].account
        told = personalities.of(app).tells_end(together, how)
        if not quietly:
            notices.tell(app, account, told)
    return sum(len(together) for together in ended.values())
