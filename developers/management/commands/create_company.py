"""Makes a company with its three environments."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from developers import companies, people
from developers.management.json_command import JsonCommand


class Command(JsonCommand):
    help = "Makes a company and shows its dev-ids and first API keys, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument(
            "--password", default="", help="For an owner who is new; else they reset it by mail."
        )

    @transaction.atomic
    def answer(self, **options: Any) -> dict[str, Any]:
        owner = people.known_or_new(options["owner"], password=options["password"])
        made = companies.create(options["name"], owner=owner)
        return {
            "company": made.company.slug,
            "environments": {
                kind: {"dev_id": environment.dev_id, "api_key": made.api_keys[kind]}
                for kind, environment in made.environments.items()
            },
        }
