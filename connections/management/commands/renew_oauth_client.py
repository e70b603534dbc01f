from typing import Any

from django.core.management.base import CommandParser

from connections import applications, clients
from developers.management.json_command import JsonCommand


class Command(JsonCommand):
    help = (
        "Change the secrets of an application of the platform's own, after they were changed at "
        "the provider. Users stay connected; a closed application opens again. A company changes "
        "those of its own application on the page Sources."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", metavar="PROVIDER")
        parser.add_argument("--client-id", required=True)
        parser.add_argument("--client-secret", default="", help="Without it the old one stays.")
        parser.add_argument("--notice-secret", default="", help="Without it the old one stays.")

    def answer(self, **options: Any) -> dict[str, Any]:
        client = clients.renew_shared(
            applications.known(options["provider"]),
            options["client_id"],
            client_secret=options["client_secret"],
            notice_secret=options["notice_secret"],
        )
        return {"id": str(client.pk), "notice_url": clients.notice_url(client)}
