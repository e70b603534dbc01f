"""A grant that many environments hold, and the notice that ends it."""

import hashlib
import hmac
import json
import secrets

from benches import tenants
from connections import clients
from connections.models import Connection, Grant
from connections.providers.answers import Knock
from connections.states import GrantState
from terra_portal import clock

SCOPES = ["activity", "heartrate", "profile", "sleep"]
BATCH = 500


class Holders:
    """Environments that each have one destination, and the grants that they hold together."""

    def __init__(self, number: int) -> None:
        self.secret = secrets.token_hex(16)
        self.environments = tenants.make(number)

    def grant(self, size: int) -> Grant:
        """A fresh one, with a living connection of each of the first `size` environments.

        It is the only one of its client: of many, no more than a few would end within a minute.
        """
        client = clients.add(
            "SANDBOX", client_id=secrets.token_hex(8), client_secret=self.secret, simulated=True
        ).client
        grant = Grant.objects.create(
            oauth_client=client,
            provider_user_id=f"sbx_{secrets.token_hex(6)}",
            consent_id=f"cns_{secrets.token_hex(6)}",
            state=GrantState.ACTIVE,
            version=1,
            authorisation_number=1,
            authorised_at=clock.now(),
            scopes=SCOPES,
            access_token=secrets.token_urlsafe(32),
            refresh_token=secrets.token_urlsafe(32),
        )
        connections = [
            Connection(
                environment=environment,
                grant=grant,
                provider=client.provider,
                provider_user_id=grant.provider_user_id,
                reference_id=f"person-{secrets.token_hex(6)}",
                consented_scopes=SCOPES,
                scopes=SCOPES,
                sequence=1,
            )
            for environment in self.environments[:size]
        ]
        Connection.objects.bulk_create(connections, batch_size=BATCH)
        return grant

    def notice(self, grant: Grant) -> Knock:
        """As the sandbox sends it: `t=…,v1=hex(HMAC-SHA256(client secret, "t.body"))`."""
        now = clock.now()
        said = {
            "id": f"ntc_{secrets.token_hex(8)}",
            "type": "access_revoked",
            "user_id": grant.provider_user_id,
            "consent_id": grant.consent_id,
            "occurred_at": now.isoformat(),
        }
        body, stamp = json.dumps(said).encode(), str(int(now.timestamp()))
        signed = stamp.encode() + b"." + body
        code = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        return Knock("POST", {"Sandbox-Signature": f"t={stamp},v1={code}"}, {}, body)
