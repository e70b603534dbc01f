from collections import Counter
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db.models import F

from connections import rounds, subscriptions
from connections.management.round_command import RoundCommand
from connections.models import Grant, OAuthClient
from connections.providers import REGISTRY
from connections.rounds import Scope
from terra_portal import clock


class Command(RoundCommand):
    help = "Order now what the providers have to be told so that they tell of revocations."
    outcomes = ("subscribed", "failed", "left")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--force", action="store_true", help="Also for people whose notices are ordered."
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        self.clients = 0
        said = super().answer(**options)
        people = said.pop("grants") - self.clients
        return {"clients": self.clients, "grants": people, **said}

    def go_round(self, scope: Scope, **options: Any) -> Counter[str]:
        open_ones = scope.clients().filter(closed_at=None)
        once = open_ones.filter(provider__in=_those("subscribes_once"))
        counts = rounds.over_clients(once, _application, self.terminal)
        self.clients = sum(counts.values())
        each = scope.living().filter(
            oauth_client__provider__in=_those("subscribes_each"), oauth_client__closed_at=None
        )
        if not options["force"]:
            each = each.exclude(subscribed_number=F("authorisation_number"))
        return counts + rounds.over_grants(each, scope, _person, self.terminal)


def _those(fact: str) -> list[str]:
    return [name for name, maker in REGISTRY.items() if getattr(maker, fact)]


def _application(client_id: UUID) -> str:
    # As if it had been claimed by the sweep, which then leaves it alone.
    until = clock.now() + subscriptions.CLAIM
    OAuthClient.objects.filter(pk=client_id).update(subscribe_due_at=until)
    return subscriptions.subscribe_application(client_id).value


def _person(grant_id: UUID) -> str:
    until = clock.now() + subscriptions.CLAIM
    Grant.objects.filter(pk=grant_id).update(subscribe_due_at=until)
    return subscriptions.subscribe(grant_id).value
