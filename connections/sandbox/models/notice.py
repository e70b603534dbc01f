import secrets

from django.db import models


def new_notice_id() -> str:
    return f"ntc_{secrets.token_hex(8)}"


class Notice(models.Model):
    """What an app is told, byte for byte; sent as often as it has sendings."""

    notice_id = models.CharField(max_length=40, unique=True, default=new_notice_id)
    app = models.ForeignKey("sandbox.App", models.PROTECT, related_name="notices")
    account = models.ForeignKey("sandbox.Account", models.PROTECT, null=True)
    # Empty where the app's own notice URL is meant.
    url = models.CharField(max_length=500, blank=True)
    content_type = models.CharField(max_length=60, default="application/json")
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.notice_id


class Sending(models.Model):
    """One planned POST of a notice: a row, so that a restart forgets none."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="sendings")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)
    done_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    # Forgeries: with a wrong signature, or with the credentials of another app.
    forged = models.BooleanField(default=False)
    in_name_of = models.ForeignKey("sandbox.App", models.PROTECT, null=True)

    class Meta:
        indexes = [
            models.Index(
                name="sending_open",
                fields=["due_at"],
                condition=models.Q(done_at=None, given_up_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} at {self.due_at}"
