from collections import Counter
from typing import Any
from uuid import UUID

from connections import grants, liveness, rounds
from connections.management.round_command import RoundCommand
from connections.models import Grant
from connections.providers.answers import Probe
from connections.rounds import Scope
from connections.states import GrantState
from connections.sweeps import CLAIM
from terra_portal import clock


class Command(RoundCommand):
    help = "Ask the providers now whether the authorisations that are in use still live."
    outcomes = ("alive", "doubtful", "ended", "needs_reauth", "unsure")

    def go_round(self, scope: Scope, **options: Any) -> Counter[str]:
        return rounds.over_grants(scope.living(), scope, _probe, self.terminal)


def _probe(grant_id: UUID) -> str:
    # Moved out of the sweep's way, which would ask the same at the same time.
    living = Grant.objects.filter(pk=grant_id, state__in=grants.PROBED)
    living.update(next_probe_at=clock.now() + CLAIM)
    answer = liveness.probe(grant_id)
    if answer == Probe.ALIVE:
        return "alive"
    state = GrantState(Grant.objects.values_list("state", flat=True).get(pk=grant_id))
    return state if state in OVER or answer == Probe.DEAD else "unsure"


OVER = {GrantState.ENDED, GrantState.NEEDS_REAUTH}
