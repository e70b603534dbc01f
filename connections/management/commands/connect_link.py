from typing import Any

from django.core.management.base import CommandParser

from connections import links
from developers.management.json_command import JsonCommand
from developers.models import Environment
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError


class Command(JsonCommand):
    help = "Make a link by which one person connects a wearable; it lives 15 minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dev_id", metavar="DEV_ID")
        parser.add_argument("--reference-id", default="", help="Your own name for the person.")
        parser.add_argument("--providers", default="", help="Only these, comma separated.")

    def answer(self, **options: Any) -> dict[str, Any]:
        with tenancy.system("a command names an environment"):
            environment = Environment.objects.filter(dev_id=options["dev_id"]).first()
        if environment is None:
            raise InvalidInputError("dev_id", "names no environment")
        session, url = links.open_session(
            environment,
            reference_id=options["reference_id"],
            providers=options["providers"].split(","),
        )
        return {"session_id": str(session.pk), "url": url}
