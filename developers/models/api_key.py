"""What a company's server shows beside its dev-id."""

import uuid

from django.db import models

from developers.models.company import Environment, EnvironmentQuerySet
from developers.models.user import User
from terra_portal import clock


class ApiKey(models.Model):
    """Stored as a hash; `hint` is the last four characters, for recognising it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=60)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=4, editable=False)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = EnvironmentQuerySet["ApiKey"].as_manager()

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        indexes = [models.Index(fields=["environment", "-created_at"], name="api_key_listed")]

    def __str__(self) -> str:
        return f"{self.name} …{self.hint}"
