"""Celery's thin wrappers. Each may run twice; what there is to do stands in rows."""

from uuid import UUID

from celery import shared_task

from connections import (
    alarms,
    auth_tokens,
    counting,
    finish,
    incidents,
    notices,
    subscriptions,
    sweeps,
    upstream,
)


@shared_task(name="connections.decide_notice")
def decide_notice(notice_id: str) -> None:
    notices.decide(UUID(notice_id))


@shared_task(name="connections.revoke_upstream")
def revoke_upstream(grant_id: str) -> None:
    upstream.revoke(UUID(grant_id))


@shared_task(name="connections.probe")
def probe(grant_id: str) -> None:
    sweeps.look_soon(UUID(grant_id))


@shared_task(name="connections.subscribe")
def subscribe(grant_id: str) -> None:
    sweeps.subscribe_soon(UUID(grant_id))


@shared_task(name="connections.subscribe_application")
def subscribe_application(client_id: str) -> None:
    if subscriptions.claim_application(UUID(client_id)):
        subscriptions.subscribe_application(UUID(client_id))


@shared_task(name="connections.resume_attempts")
def resume_attempts(grant_id: str) -> None:
    finish.resume_all(UUID(grant_id))


@shared_task(name="connections.sweep_notices")
def sweep_notices() -> None:
    notices.sweep()


@shared_task(name="connections.sweep_grants")
def sweep_grants() -> None:
    sweeps.grants_due()


@shared_task(name="connections.sweep_subscriptions")
def sweep_subscriptions() -> None:
    sweeps.subscriptions_due()


@shared_task(name="connections.sweep_attempts")
def sweep_attempts() -> None:
    finish.sweep()
    auth_tokens.sweep()


@shared_task(name="connections.carry_out")
def carry_out(incident_id: str) -> None:
    incidents.carry_out(UUID(incident_id))


@shared_task(name="connections.tell_incident")
def tell_incident(incident_id: str) -> None:
    alarms.tell_incident(UUID(incident_id))


@shared_task(name="connections.tell_client")
def tell_client(client_id: str) -> None:
    alarms.tell_client(UUID(client_id))


@shared_task(name="connections.sweep_incidents")
def sweep_incidents() -> None:
    incidents.sweep()
    alarms.sweep()


@shared_task(name="connections.fold_counts")
def fold_counts() -> None:
    counting.fold()
