"""What people and commands changed in a company."""

import uuid

from django.db import models

from developers.models.company import Company, Environment
from developers.models.user import User
from terra_portal import clock


class AuditEntry(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="audit_entries")
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT)
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)
    # What acted where no person did, in words: an API key by its name.
    via = models.CharField(max_length=80, blank=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["company", "-at"], name="audit_of_company")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
