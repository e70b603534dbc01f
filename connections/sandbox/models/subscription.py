from django.db import models


class Subscription(models.Model):
    """A standing order at a wearable company: of notices, or another thing that a call sets up.

    ``kind`` and ``key`` are the company's own words. ``account`` is empty where the order is the
    app's as a whole, ``app`` where it is for several of them.
    """

    personality = models.CharField(max_length=20)
    app = models.ForeignKey("sandbox.App", models.CASCADE, null=True, related_name="subscriptions")
    account = models.ForeignKey(
        "sandbox.Account", models.CASCADE, null=True, related_name="subscriptions"
    )
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    url = models.CharField(max_length=500, blank=True)
    secret = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(name="subscription_found", fields=["personality", "kind", "key"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
