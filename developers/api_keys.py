"""API keys: made, shown once, recognised, revoked."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from developers import audit
from developers.models import ApiKey, Environment, User
from terra_portal import clock, crypto, tenancy
from terra_portal.errors import InvalidInputError

PREFIX = "tpk_"
TOUCHED_EVERY = timedelta(minutes=1)


def create(
    environment: Environment, *, name: str, created_by: User | None = None
) -> tuple[ApiKey, str]:
    """A key and its plaintext, which is stored nowhere. Raises InvalidInputError."""
    name = name.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise InvalidInputError("name", "must be 1 to 60 printable characters")
    plaintext = PREFIX + crypto.random_token()
    with tenancy.environment(environment.id), transaction.atomic():
        key = ApiKey.objects.create(
            environment=environment,
            name=name,
            key_hash=crypto.sha256(plaintext),
            hint=plaintext[-4:],
            created_by=created_by,
        )
        audit.record(
            environment.company,
            "api_key.created",
            environment=environment,
            actor=created_by,
            subject=str(key),
        )
    return key, plaintext


def revoke(key: ApiKey, *, by: User | None = None) -> None:
    """The key stops at once. Revoking it again changes nothing."""
    with tenancy.environment(key.environment_id), transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.now()):
            audit.record(
                key.environment.company,
                "api_key.revoked",
                environment=key.environment,
                actor=by,
                subject=str(key),
            )


def authenticate(dev_id: str, key: str) -> ApiKey | None:
    """The living key of this dev-id, its environment loaded.

    One look-up by hash whether or not the dev-id exists, so that its time tells nothing. The
    dev-id never reaches the database, which would choke on some of what a header can hold.
    """
    with tenancy.system("whose API key this is"):
        rows = ApiKey.objects.select_related("environment")
        try:
            found = rows.get(key_hash=crypto.sha256(key), revoked_at=None)
        except ApiKey.DoesNotExist:
            return None
        if found.environment.dev_id != dev_id:
            return None
        _touch(found)
        return found


def _touch(key: ApiKey) -> None:
    """At most one write a minute, however busy the key is."""
    now = clock.now()
    if key.last_used_at is None or now - key.last_used_at >= TOUCHED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCHED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
