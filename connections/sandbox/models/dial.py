from django.db import models


class Dial(models.Model):
    """A dial that was turned away from its default."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
