import secrets

from django.db import models
from django.utils import timezone


def _new_consent_id() -> str:
    return f"cns_{secrets.token_hex(8)}"


class End(models.TextChoices):
    SUPERSEDED = "superseded", "Superseded by another consent"
    PERSON = "person", "Revoked by the person"
    CLIENT = "client", "Revoked by the client"
    CODE_REUSED = "code_reused", "A code was used twice"
    REFRESH_REUSED = "refresh_reused", "A rotated refresh token was used again"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def unended(self) -> "ConsentQuerySet":
        return self.filter(ended_at=None)

    def live(self) -> "ConsentQuerySet":
        """Those that tokens were handed out for and that nothing has ended."""
        return self.unended().exclude(exchanged_at=None)


class Consent(models.Model):
    """One press of *Allow*. Everything that is handed out because of it dies with it."""

    consent_id = models.CharField(max_length=40, unique=True, default=_new_consent_id)
    account = models.ForeignKey("sandbox.Account", models.PROTECT, related_name="consents")
    app = models.ForeignKey("sandbox.App", models.PROTECT, related_name="consents")
    scope = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    exchanged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=20, choices=End, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="consent_end_is_known",
                condition=models.Q(ended_at=None, end="")
                | models.Q(ended_at__isnull=False, end__in=End.values),
            )
        ]

    def __str__(self) -> str:
        return self.consent_id

    @property
    def scopes(self) -> list[str]:
        return self.scope.split()

    def siblings(self) -> ConsentQuerySet:
        return Consent.objects.filter(account=self.account, app=self.app).exclude(pk=self.pk)

    def finish(self, end: End) -> bool:
        """End it and kill every token. False when it had ended before."""
        now = timezone.now()
        ended = Consent.objects.unended().filter(pk=self.pk).update(ended_at=now, end=end)
        if not ended:
            return False
        self.access_tokens.all().delete()
        self.refresh_tokens.filter(revoked=None).update(revoked=now)
        self.refresh_from_db()
        return True
