from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from connections import rounds, tokens
from connections.management.round_command import RoundCommand
from connections.models import Grant
from connections.rounds import Scope
from connections.states import GrantState
from terra_portal import clock


class Command(RoundCommand):
    help = "Refresh the access tokens that have run out or are about to, now."
    outcomes = ("refreshed", "left", "ended", "needs_reauth", "failed")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--force", action="store_true", help="Those that are fresh as well.")

    def go_round(self, scope: Scope, **options: Any) -> Counter[str]:
        rows = scope.living()
        if not options["force"]:
            rows = rows.filter(access_expires_at__lte=clock.now() + tokens.FRESH_FOR)
        act = partial(_refresh, force=options["force"])
        return rounds.over_grants(rows, scope, act, self.terminal)


def _refresh(grant_id: UUID, *, force: bool) -> str:
    """What has no refresh token is left as it is while its access token is good."""
    before = _look(grant_id).version
    try:
        tokens.fresh(grant_id, force=force)
    except tokens.TokensUnavailableError:
        state = _look(grant_id).state
        return state if state in {GrantState.ENDED, GrantState.NEEDS_REAUTH} else "failed"
    return "refreshed" if _look(grant_id).version != before else "left"


def _look(grant_id: UUID) -> Grant:
    return Grant.objects.only("state", "version").get(pk=grant_id)
