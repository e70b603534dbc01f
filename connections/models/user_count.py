"""How many users an environment has, kept so that nobody has to count them."""

from django.db import models

from developers.models import Environment, EnvironmentQuerySet


class UserCount(models.Model):
    """A change of the number of connected users; the number is the sum of the changes.

    The database's own triggers on the table of connections write the rows, one for each user who
    comes or goes, so that no verb can forget it. Rows are only added: two transactions never wait
    for one another's. `counting.fold` makes one row of many.
    """

    id = models.BigAutoField(primary_key=True)
    # Without a constraint of its own: the connection that is counted has one, and the database
    # would look the environment up once more for every user who comes or goes.
    environment = models.ForeignKey(
        Environment,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    provider = models.CharField(max_length=30)
    change = models.BigIntegerField()
    # The sum of rows that were here before it.
    folded = models.BooleanField(default=False, db_default=False)

    objects = EnvironmentQuerySet["UserCount"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "provider"], name="user_count_of"),
            models.Index(
                fields=["id"], condition=models.Q(folded=False), name="user_count_to_fold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change:+d} {self.provider}"
