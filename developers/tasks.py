"""Celery's thin wrappers. Each may be lost or run twice; what there is to do stands in rows."""

from celery import shared_task

from developers.webhooks import backlog, delivery


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
