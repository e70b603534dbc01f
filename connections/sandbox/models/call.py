from django.db import models


class Call(models.Model):
    """One request at an endpoint that apps talk to, as tests want to count them."""

    personality = models.CharField(max_length=20, default="sandbox")
    kind = models.CharField(max_length=20)
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
            "personality": self.personality,
            "kind": self.kind,
            "client_id": self.client_id,
            "account": self.account,
            "grant_type": self.grant_type,
            "dial": self.dial,
            "effect": self.effect,
            "status": self.status,
            "at": self.at.isoformat(),
        }
