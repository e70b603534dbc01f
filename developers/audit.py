"""Remembers who changed what in a company."""

from developers.models import AuditEntry, Company, Environment, User


def record(
    company: Company,
    action: str,
    *,
    environment: Environment | None = None,
    actor: User | None = None,
    subject: str = "",
) -> AuditEntry:
    """One line of the audit log, in the transaction of the change."""
    return AuditEntry.objects.create(
        company=company,
        environment=environment,
        actor=actor,
        action=action,
        subject=subject[:200],
    )
