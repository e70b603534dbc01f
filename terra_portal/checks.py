"""System checks: what must hold before a process may serve."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from terra_portal import crypto


def broker_is_shared(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """`memory://` reaches only its own process: messages of any other would be lost in silence."""
    if settings.CELERY_BROKER_URL.startswith("memory:") and not settings.DEMO:
        return [
            Error(
                "CELERY_BROKER_URL is memory://, which works only inside the demo's one process.",
                hint="Set it to redis://… or amqp://….",
                id="terra_portal.E001",
            )
        ]
    return []


def encryption_keys_work(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    try:
        crypto.keyring()
    except crypto.BadKeyError as error:
        return [Error(str(error), id="terra_portal.E002")]
    return []
