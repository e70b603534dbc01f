from collections import Counter
from typing import Any
from uuid import UUID

from connections import rounds, upstream
from connections.management.round_command import RoundCommand
from connections.rounds import Scope


class Command(RoundCommand):
    help = "Ask the providers now to revoke what nobody here needs any more."
    outcomes = ("confirmed", "refused", "unknown", "given_up", "left")

    def go_round(self, scope: Scope, **options: Any) -> Counter[str]:
        return rounds.over_grants(scope.to_be_revoked(), scope, _revoke, self.terminal)


def _revoke(grant_id: UUID) -> str:
    """Left is what somebody needs again, or what is being revoked or refreshed already."""
    outcome = upstream.revoke(grant_id)
    return outcome.value if outcome else "left"
