from typing import Any

from django.core.management.base import CommandParser

from connections import clients
from developers.management.json_command import JsonCommand
from developers.models import Environment
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError


class Command(JsonCommand):
    help = (
        "Add an application at a provider: the platform's own, or with --dev-id an environment's. "
        "Register the two addresses that it answers with at the provider."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", metavar="PROVIDER")
        parser.add_argument("--client-id", required=True)
        parser.add_argument("--client-secret", required=True)
        parser.add_argument(
            "--notice-secret",
            default="",
            help="What its notices prove themselves with, where that is not the client secret.",
        )
        parser.add_argument(
            "--revoke-group",
            default="",
            help="Applications of one group are revoked together by the provider, for example "
            "those of one Google project. Without it the provider's own rule counts.",
        )
        parser.add_argument("--dev-id", default="", help="Attach it to this environment.")
        parser.add_argument(
            "--simulated", action="store_true", help="It speaks to a stand-in; testing only."
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        added = clients.add(
            options["provider"],
            client_id=options["client_id"],
            client_secret=options["client_secret"],
            notice_secret=options["notice_secret"],
            revoke_group=options["revoke_group"],
            environment=_environment(options["dev_id"]),
            simulated=options["simulated"],
        )
        return {
            "id": str(added.client.pk),
            "redirect_url": added.redirect_url,
            "notice_url": added.notice_url,
        }


def _environment(dev_id: str) -> Environment | None:
    if not dev_id:
        return None
    with tenancy.system("a command names an environment"):
        found = Environment.objects.filter(dev_id=dev_id).first()
    if found is None:
        raise InvalidInputError("dev_id", "names no environment")
    return found
