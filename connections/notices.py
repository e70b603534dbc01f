"""What providers tell us: verified, stored, answered; decided afterwards in the background."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from connections import alarms, brake, clients, grants, revocation, scopes, tokens
from connections.models import Grant, Notice, OAuthClient
from connections.providers import REGISTRY
from connections.providers.answers import Knock, NoticeKind, ProviderError, Reply
from connections.revocation import Cause
from connections.states import Door, End, GrantState, NoticeState
from terra_portal import clock, crypto, tenancy
from terra_portal.celery import nudge

# A notice can overtake the answer that tells us of the account.
UNKNOWN_ACCOUNT_WAITS = timedelta(seconds=120)
AGAIN = timedelta(seconds=10)
CLAIM = timedelta(seconds=60)
IN_QUEUE = "more revocations than may pass in a minute: it waits its turn"
EVIDENCE = "The provider sent a signed notice that access was revoked."


def find_client(provider: str, hook_id: str) -> OAuthClient | None:
    """The client whose hook this is; one address for each."""
    names = [name for name, cls in REGISTRY.items() if cls.id == provider]
    with tenancy.system("whose hook this is"):
        rows = OAuthClient.objects.filter(provider__in=names)
        return rows.filter(hook_hash=crypto.sha256(hook_id)).first()


def receive(client: OAuthClient, knock: Knock) -> Reply:
    """Verifies with this client's secret and stores; nothing else happens before the answer.

    Raises NotVerifiedError or MalformedNoticeError.
    """
    reply = clients.provider_for(client).hear(knock)
    if reply.messages:
        _store(client, reply, knock.body.decode("utf-8", "replace").replace("\0", ""))
    return reply


def _store(client: OAuthClient, reply: Reply, body: str) -> None:
    with tenancy.system("storing a notice"), transaction.atomic():
        notices = Notice.objects.bulk_create(
            Notice(
                oauth_client=client,
                kind=message.kind.value,
                provider_user_id=message.provider_user_id,
                alternate_id=message.alternate_id,
                consent_id=message.consent_id,
                authorisation_number=message.authorisation_number,
                occurred_at=message.occurred_at,
                body=body,
            )
            for message in reply.messages
        )
        for notice in notices:
            nudge("connections.decide_notice", str(notice.pk))


def decide(notice_id: UUID) -> NoticeState:
    """Acts on a stored notice. May run twice or twice at once: the state decides, not the body."""
    with tenancy.system("deciding on a notice"):
        notice = Notice.objects.select_related("oauth_client").get(pk=notice_id)
        if notice.state != NoticeState.RECEIVED:
            return NoticeState(notice.state)
        if notice.kind == NoticeKind.OTHER.value:
            return _close(notice, NoticeState.IGNORED, "not about access")
        grant = _find_grant(notice)
        if grant is None:
            return _unknown_account(notice)
        tokens.settle(grant.pk)
        if notice.kind == NoticeKind.SCOPES.value:
            return _follow(notice, grant.pk)
        return _weigh(notice, grant.pk)


def _find_grant(notice: Notice) -> Grant | None:
    rows = Grant.objects.filter(oauth_client=notice.oauth_client)
    if notice.provider_user_id:
        return rows.filter(provider_user_id=notice.provider_user_id).first()
    return rows.filter(alternate_id=notice.alternate_id).exclude(alternate_id="").first()


def _follow(notice: Notice, grant_id: UUID) -> NoticeState:
    """The person changed what may be read: asked at the provider, whatever the notice says."""
    seen = Grant.objects.select_related("oauth_client").get(pk=grant_id)
    try:
        access_token = tokens.fresh(grant_id)
        held = replace(grants.held(seen), access_token=access_token)
        now_granted = grants.provider_of(seen).granted_scopes(held)
    except (tokens.TokensUnavailableError, ProviderError):
        return _put_off(notice, "the provider could not be asked")
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        same = grant.authorisation_number == seen.authorisation_number
        if now_granted is None or not same or grant.state not in tokens.USABLE:
            return _close(notice, NoticeState.IGNORED, "nothing to follow")
        grant.scopes = now_granted
        grant.save(update_fields=["scopes"])
        changed = scopes.follow(grant)
    return _close(notice, NoticeState.DONE, f"scopes of {changed} changed")


def _weigh(notice: Notice, grant_id: UUID) -> NoticeState:
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        if grant.state in {GrantState.ENDED, GrantState.REVOKING}:
            return _close(notice, NoticeState.IGNORED, "the authorisation had ended here")
        proves = notice.kind == NoticeKind.REVOKED.value and is_evidence(notice, grant)
        if grant.has_rivals or not proves:
            grants.doubt(grant)
            nudge("connections.probe", str(grant.pk))
            return _close(notice, NoticeState.DONE, "no proof by itself: a probe was asked for")
        if _waits_its_turn(notice):
            return NoticeState.RECEIVED
        cause = Cause(End.REVOKED, Door.NOTICE, EVIDENCE, occurred_at=notice.occurred_at)
        ended = revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)
        return _close(notice, NoticeState.DONE, f"ended {ended}")


def _waits_its_turn(notice: Notice) -> bool:
    """Proven ends pass up to the brake's bound in a minute, those that came first before others.

    The rest of the queue is put off together: each minute looks at no more than can pass. Runs
    under the grant's lock.
    """
    client_id = notice.oauth_client_id
    brake.lock(client_id)
    queue = Q(oauth_client=client_id, state=NoticeState.RECEIVED, outcome=IN_QUEUE)
    is_late = not notice.outcome and Notice.objects.filter(queue).exists()
    if not is_late and brake.has_room(client_id, [Door.NOTICE], within=brake.NOTICES_WITHIN):
        return False
    mine = Q(pk=notice.pk, state=NoticeState.RECEIVED)
    put_off = Notice.objects.filter(mine if is_late else mine | queue)
    put_off.update(due_at=clock.now() + brake.NOTICES_WITHIN, outcome=IN_QUEUE)
    alarms.raise_crowd(client_id)
    return True


def is_evidence(notice: Notice, grant: Grant) -> bool:
    """Whether it names this very authorisation, or is clearly later than it.

    A notice that names another consent is old news at best, whatever its time says.
    """
    if notice.authorisation_number is not None:
        return notice.authorisation_number == grant.authorisation_number
    if notice.consent_id and grant.consent_id:
        return notice.consent_id == grant.consent_id
    if notice.occurred_at is None:
        return False
    skew = timedelta(seconds=settings.NOTICE_CLOCK_SKEW_S)
    return notice.occurred_at > grant.authorised_at + skew


def _unknown_account(notice: Notice) -> NoticeState:
    return _put_off(notice, "an account that nobody here has connected")


def _put_off(notice: Notice, why: str) -> NoticeState:
    """Looked at again in a while; given up, with the reason, after two minutes."""
    now = clock.now()
    if now - notice.received_at >= UNKNOWN_ACCOUNT_WAITS:
        return _close(notice, NoticeState.IGNORED, why)
    Notice.objects.filter(pk=notice.pk).update(due_at=now + AGAIN)
    return NoticeState.RECEIVED


def _close(notice: Notice, state: NoticeState, outcome: str) -> NoticeState:
    Notice.objects.filter(pk=notice.pk, state=NoticeState.RECEIVED).update(
        state=state, outcome=outcome, decided_at=clock.now()
    )
    return state


def sweep(limit: int = 200) -> int:
    """Decides on the notices whose nudge was lost."""
    with tenancy.system("sweeping notices"):
        now = clock.now()
        waiting = Notice.objects.filter(state=NoticeState.RECEIVED, due_at__lte=now)
        ids = list(waiting.order_by("due_at", "received_at").values_list("pk", flat=True)[:limit])
        for notice_id in ids:
            mine = Notice.objects.filter(pk=notice_id, due_at__lte=now)
            if mine.update(due_at=now + CLAIM):
                decide(notice_id)
        return len(ids)
