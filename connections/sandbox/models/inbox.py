import json
from typing import Any

from django.db import models


class Verdict(models.TextChoices):
    VALID = "valid", "valid"
    INVALID = "invalid", "invalid"
    NO_SECRET = "no_secret", "no secret yet"


class Inbox(models.Model):
    """A company's stand-in for the server that receives its webhooks."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    secret = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=20, default="normal")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Arrival(models.Model):
    """One POST that came in, as raw as it was."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="arrivals")
    arrived_at = models.DateTimeField(auto_now_add=True)
    headers = models.JSONField()
    body = models.BinaryField()
    answered = models.PositiveSmallIntegerField(default=200)
    terra_python = models.CharField(max_length=10, choices=Verdict)
    standardwebhooks = models.CharField(max_length=10, choices=Verdict)

    class Meta:
        indexes = [models.Index(name="arrival_newest", fields=["inbox", "-id"])]

    def __str__(self) -> str:
        return f"{self.inbox} {self.pk}"

    @property
    def text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")

    @property
    def payload(self) -> dict[str, Any]:
        """The body as a JSON object; empty if it is none."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def pretty(self) -> str:
        return json.dumps(self.payload, indent=2, ensure_ascii=False) if self.payload else self.text

    @property
    def type(self) -> str:
        return str(self.payload.get("type") or "no type")

    @property
    def user_id(self) -> str:
        return self._of_user("user_id")

    @property
    def reference_id(self) -> str:
        return self._of_user("reference_id")

    def _of_user(self, field: str) -> str:
        """Terra puts a person's fields under ``user``, or ``new_user`` after a replacement."""
        for key in ("user", "new_user"):
            person = self.payload.get(key)
            if isinstance(person, dict) and person.get(field):
                return str(person[field])
        return str(self.payload.get(field) or "")
