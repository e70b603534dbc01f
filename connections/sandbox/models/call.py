from django.db import models


class Call(models.Model):
    """One request at the token, revoke or me endpoint, as tests want to count them."""

    kind = models.CharField(max_length=10)
    client_id = models.CharField(max_length=255, blank=True)
    account = models.CharField(max_length=200, blank=True)
    grant_type = models.CharField(max_length=60, blank=True)
    dial = models.CharField(max_length=30)
    effect = models.BooleanField()
    status = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.pk,
            "kind": self.kind,
            "client_id": self.client_id,
            "account": self.account,
            "grant_type": self.grant_type,
            "dial": self.dial,
            "effect": self.effect,
            "status": self.status,
            "at": self.at.isoformat(),
        }
