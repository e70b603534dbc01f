"""One notice for a grant that many environments hold: from its bytes to the commit of all."""

import hashlib
import hmac
import json
import secrets
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field

from benches import bare, tenants
from benches.rounds import interleaved, timed
from connections import clients, notices
from connections.models import Connection, Grant, Notice, Revocation, RevocationDetail
from connections.providers.answers import Knock
from connections.states import GrantState, NoticeState
from developers.models import Delivery, Environment, Event
from terra_portal import clock, tenancy
from tools.console import Step

SECRET = "signs-the-notices-of-a-bench"  # noqa: S105 - guards nothing
SCOPES = ["activity", "heartrate", "profile", "sleep"]
BATCH = 500


@dataclass(frozen=True)
class Runs:
    """The seconds of each round for one number of environments."""

    size: int
    fan_out: list[float]
    bare: list[float]


class Scene:
    """A client whose grants are held by the first `size` of these environments."""

    def __init__(self, size: int) -> None:
        self.client = clients.add(
            "SANDBOX", client_id=secrets.token_hex(8), client_secret=SECRET, simulated=True
        ).client
        self.environments = tenants.make(size)

    def grant(self, size: int) -> Grant:
        """A fresh one, and the connections on it; not measured."""
        grant = Grant.objects.create(
            oauth_client=self.client,
            provider_user_id=f"account-{secrets.token_hex(6)}",
            consent_id=f"consent-{secrets.token_hex(6)}",
            state=GrantState.ACTIVE,
            version=1,
            authorisation_number=1,
            authorised_at=clock.now(),
            scopes=SCOPES,
            access_token=secrets.token_urlsafe(32),
            refresh_token=secrets.token_urlsafe(32),
        )
        Connection.objects.bulk_create(
            [
                Connection(
                    environment=environment,
                    grant=grant,
                    provider=self.client.provider,
                    provider_user_id=grant.provider_user_id,
                    reference_id=f"person-{secrets.token_hex(6)}",
                    consented_scopes=SCOPES,
                    scopes=SCOPES,
                    sequence=1,
                )
                for environment in self.environments[:size]
            ],
            batch_size=BATCH,
        )
        return grant


@dataclass
class Round:
    """Both sides of a round: the second writes again what the first has written."""

    scene: Scene
    size: int
    users: list[object] = field(default_factory=list)

    def fan_out(self) -> float:
        grant = self.scene.grant(self.size)
        knock = signed(grant)

        def hear() -> None:
            notices.receive(self.scene.client, knock)
            (notice_id,) = Notice.objects.filter(
                oauth_client=self.scene.client, provider_user_id=grant.provider_user_id
            ).values_list("pk", flat=True)
            assert notices.decide(notice_id) == NoticeState.DONE

        seconds = timed(hear)
        self.users = list(Connection.objects.on(grant).values_list("pk", flat=True))
        return seconds

    def bare(self) -> float:
        rows = bare.copies(
            [
                (Revocation.objects.filter(user_id__in=self.users), ["id", "user_id"]),
                (
                    RevocationDetail.objects.filter(revocation__user_id__in=self.users),
                    ["id", "revocation_id"],
                ),
                (Event.objects.filter(subject_id__in=self.users), ["id", "subject_id"]),
                (Delivery.objects.filter(event__subject_id__in=self.users), ["id", "event_id"]),
            ]
        )
        assert [len(x.rows) for x in rows] == [self.size] * 4
        return timed(lambda: bare.insert(rows))


def signed(grant: Grant) -> Knock:
    """The notice as the sandbox sends it: `t=…,v1=hex(HMAC-SHA256(client secret, "t.body"))`."""
    body = json.dumps(
        {
            "id": f"ntc_{secrets.token_hex(8)}",
            "type": "access_revoked",
            "user_id": grant.provider_user_id,
            "consent_id": grant.consent_id,
            "occurred_at": clock.now().isoformat(),
        }
    ).encode()
    stamp = str(int(clock.now().timestamp()))
    code = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Knock("POST", {"Sandbox-Signature": f"t={stamp},v1={code}"}, {}, body)
