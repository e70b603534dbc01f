from django.apps import AppConfig
from django.core.checks import Tags, register

from terra_portal import checks


class PortalConfig(AppConfig):
    name = "terra_portal"
    verbose_name = "Terra Portal"

    def ready(self) -> None:
        register(checks.broker_is_shared, Tags.compatibility)
        register(checks.encryption_keys_work, Tags.security)
