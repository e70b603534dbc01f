import secrets
from collections.abc import Sequence

from django.db import models, transaction
from django.utils import timezone

from .token import unspent


def _new_consent_id() -> str:
    return f"cns_{secrets.token_hex(8)}"


class End(models.TextChoices):
    SUPERSEDED = "superseded", "Superseded by another consent"
    PERSON = "person", "Revoked by the person"
    CLIENT = "client", "Revoked by the client"
    CODE_REUSED = "code_reused", "A code was used twice"
    REFRESH_REUSED = "refresh_reused", "A rotated refresh token was used again"
    ACCOUNT_DELETED = "account_deleted", "The person deleted the account"


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
    # Whether a refresh token comes with it.
    offline = models.BooleanField(default=True)
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

    @transaction.atomic
    def narrow(self, scopes: Sequence[str]) -> None:
        """The person changed what may be read: it holds for the tokens that are out as well."""
        self.scope = " ".join(scopes)
        self.save(update_fields=["scope"])
        self.access_tokens.update(scope=self.scope)

    def finish(self, end: End) -> bool:
        """End it and kill every token. False when it had ended before."""
        now = timezone.now()
        ended = Consent.objects.unended().filter(pk=self.pk).update(ended_at=now, end=end)
        if not ended:
            return False
        self.access_tokens.all().delete()
        self.refresh_tokens.filter(unspent(now)).update(revoked=now)
        self.refresh_from_db()
        return True
