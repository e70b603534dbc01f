"""A tenant, its people, and its three separate worlds."""

import uuid
from typing import Self, TypeVar

from django.db import models

from developers.models.user import User
from developers.states import EnvironmentKind, Role
from terra_portal import clock

_M = TypeVar("_M", bound=models.Model, covariant=True)


class EnvironmentQuerySet(models.QuerySet[_M]):
    """Rows that belong to an environment. Every query of a page or API starts here."""

    def for_environment(self, environment: "Environment") -> Self:
        return self.filter(environment=environment)


class Company(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Environment(models.Model):
    """Testing, staging or production of one company: as separate as two companies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="environments")
    kind = models.CharField(max_length=12, choices=EnvironmentKind)
    dev_id = models.CharField(max_length=80, unique=True)
    display_name = models.CharField(max_length=100, blank=True)
    accent = models.CharField(max_length=7, blank=True)
    # Origins and app schemes that connect links may return to; required outside testing.
    return_origins = models.JSONField(default=list, blank=True)
    user_limit = models.PositiveIntegerField(null=True, blank=True)
    # Days that bodies of events are kept; attempts stay.
    payload_days = models.PositiveSmallIntegerField(default=14)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "kind"], name="one_environment_of_a_kind"),
            models.CheckConstraint(
                condition=models.Q(kind__in=EnvironmentKind.values), name="environment_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(payload_days__gte=1, payload_days__lte=90),
                name="environment_payload_days",
            ),
        ]

    def __str__(self) -> str:
        return self.dev_id

    @property
    def name_for_people(self) -> str:
        """What end users read on the hosted pages. Needs the company loaded."""
        return self.display_name or self.company.name


class Membership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "user"], name="one_membership"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.company}: {self.role}"

    def may(self, needed: Role) -> bool:
        return Role(self.role).reaches(needed)
