"""Links for one person to connect a wearable: made, visited, withdrawn."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from connections import clients, payloads, references, return_urls
from connections.models import ConnectAttempt, ConnectSession
from connections.providers import REGISTRY
from connections.states import AttemptState, CancelReason
from developers.models import Environment, User
from developers.webhooks.publish import publish
from terra_portal import clock, crypto, tenancy
from terra_portal.errors import InvalidInputError


def open_session(
    environment: Environment,
    *,
    reference_id: str = "",
    providers: Sequence[str] = (),
    language: str = "",
    success_url: str = "",
    failure_url: str = "",
    show_disconnect: bool = False,
    created_by: User | None = None,
) -> tuple[ConnectSession, str]:
    """A link that lives 15 minutes, and its address, which is not stored.

    Raises InvalidInputError that names the field as Terra's API spells it.
    """
    token = crypto.random_token()
    now = clock.now()
    with tenancy.environment(environment.id):
        session = ConnectSession.objects.create(
            environment=environment,
            token_hash=crypto.sha256(token),
            reference_id=references.clean(reference_id),
            providers=_providers(environment, providers),
            language=_language(language),
            show_disconnect=show_disconnect,
            success_url=return_urls.check(
                environment, success_url, field="auth_success_redirect_url"
            ),
            failure_url=return_urls.check(
                environment, failure_url, field="auth_failure_redirect_url"
            ),
            created_by=created_by,
            created_at=now,
            expires_at=now + timedelta(seconds=settings.CONNECT_SESSION_SECONDS),
        )
    return session, settings.PUBLIC_BASE_URL + reverse("connect", args=[token])


def _providers(environment: Environment, wanted: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip().upper() for name in wanted if name.strip()))
    unknown = [name for name in names if name not in REGISTRY]
    if unknown:
        raise InvalidInputError("providers", f"{unknown[0][:40]!r} is not a known provider")
    if names and not clients.offered(environment, names):
        raise InvalidInputError("providers", "none of these is enabled for this environment")
    return names


def _language(language: str) -> str:
    text = language.strip().lower()
    if text and not (len(text) <= 12 and text.replace("-", "").isascii() and text[:2].isalpha()):
        raise InvalidInputError("language", "must be a language code like en")
    return text


def find(token: str) -> ConnectSession | None:
    """The session of a link, environment and company loaded; None for an unknown token."""
    with tenancy.system("whose link this is"):
        rows = ConnectSession.objects.select_related("environment__company")
        return rows.filter(token_hash=crypto.sha256(token)).first()


def visit(session: ConnectSession) -> CancelReason | None:
    """Somebody opened the link. Why nothing can begin on it, which the company hears once."""
    now = clock.now()
    with tenancy.environment(session.environment_id):
        reason = session.closed_because(now)
        rows = ConnectSession.objects.filter(pk=session.pk)
        if reason is None:
            if session.opened_at is None:
                rows.filter(opened_at=None).update(opened_at=now)
            return None
        with transaction.atomic():
            first = rows.filter(late_visit_at=None).update(late_visit_at=now)
            # That the link was withdrawn was told when it happened.
            if first and reason != CancelReason.SESSION_CANCELLED:
                publish([payloads.auth_cancelled(session, reason)])
        return reason


def cancel(session: ConnectSession, *, by: User | None = None) -> bool:
    """Withdraws a link that is still open, and tells the company; true if this call did it.

    An attempt that is under way connects nobody any more, unless it was faster.
    """
    with tenancy.environment(session.environment_id), transaction.atomic():
        now = clock.now()
        open_ones = ConnectSession.objects.filter(
            pk=session.pk, connected_at=None, cancelled_at=None, expires_at__gt=now
        )
        cancelled = bool(open_ones.update(cancelled_at=now))
        if cancelled:
            publish([payloads.auth_cancelled(session, CancelReason.SESSION_CANCELLED)])
        return cancelled


def return_url(
    session: ConnectSession,
    *,
    attempt: ConnectAttempt | None = None,
    reason: CancelReason | None = None,
) -> str:
    """Where the person goes now; the empty string where the portal shows its own result page."""
    connected = reason is None and attempt is not None and attempt.state == AttemptState.CONNECTED
    url = session.success_url if connected else session.failure_url
    if not url or not return_urls.is_allowed(session.environment, url):
        return ""
    resource = attempt.provider if attempt else ",".join(session.providers) or "null"
    answers = {"resource": resource, "reference_id": session.reference_id or "null"}
    if connected and attempt is not None:
        return return_urls.with_query(url, {"user_id": str(attempt.user_id), **answers})
    why = reason or (attempt and attempt.reason) or CancelReason.PROVIDER_ERROR
    return return_urls.with_query(url, {**answers, "reason": str(why)})
