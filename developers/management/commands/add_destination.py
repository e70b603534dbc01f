"""Adds a webhook destination to an environment."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from developers.management.json_command import JsonCommand
from developers.models import Environment
from developers.webhooks import destinations


class Command(JsonCommand):
    help = "Adds a webhook destination and shows its signing secret, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dev_id")
        parser.add_argument("url")

    def answer(self, **options: Any) -> dict[str, Any]:
        found = Environment.objects.select_related("company").filter(dev_id=options["dev_id"])
        environment = found.first()
        if environment is None:
            raise CommandError(f"dev_id: there is no environment {options['dev_id']}.")
        destination, secret = destinations.add(environment, options["url"])
        return {"id": str(destination.pk), "signing_secret": secret}
