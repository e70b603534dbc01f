"""Celery's thin wrappers. Each may be lost or run twice; what there is to do stands in rows."""

from uuid import UUID

from celery import shared_task

from developers.webhooks import backlog, claims, delivery, health, resend, retention, settle


@shared_task(name="developers.deliver_due")
def deliver_due() -> None:
    delivery.deliver_due()


@shared_task(name="developers.sweep_deliveries")
def sweep_deliveries() -> None:
    """Finds what a lost nudge or a killed worker left behind, and the retries of this moment."""
    delivery.deliver_due()


@shared_task(name="developers.report_backlog")
def report_backlog() -> None:
    backlog.report()


@shared_task(name="developers.carry_on_recovery")
def carry_on_recovery(recovery_id: str) -> None:
    resend.carry_on(UUID(recovery_id))


@shared_task(name="developers.sweep_recoveries")
def sweep_recoveries() -> None:
    resend.sweep()


@shared_task(name="developers.settle_destination")
def settle_destination(destination_id: str) -> None:
    settle.carry_on(UUID(destination_id))


@shared_task(name="developers.sweep_settling")
def sweep_settling() -> None:
    settle.sweep()


@shared_task(name="developers.erase_payloads")
def erase_payloads() -> None:
    retention.erase()


@shared_task(name="developers.mend_deliveries")
def mend_deliveries() -> None:
    claims.mend()


@shared_task(name="developers.tell_destination")
def tell_destination(destination_id: str) -> None:
    health.tell(UUID(destination_id))


@shared_task(name="developers.sweep_destinations")
def sweep_destinations() -> None:
    health.sweep()
