"""The portal's own settings as a bench needs them: production's, with keys that guard nothing."""

import importlib
import os

os.environ.update(
    {
        "SECRET_KEY": "only-for-benches-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ENCRYPTION_KEYS": "benches:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PUBLIC_BASE_URL": "http://127.0.0.1:1",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "CACHE_URL": os.environ.get("CACHE_URL") or "locmemcache://",
        # Requests are counted as always, and none is refused.
        "API_RATE_LIMIT": "999999999/d",
        "SANDBOX_URL": "http://127.0.0.1:1",
        "WEBHOOKS_ALLOW_LOOPBACK": "true",
    }
)
_portal = importlib.import_module("terra_portal.settings")
globals().update({name: getattr(_portal, name) for name in dir(_portal) if name.isupper()})

# No worker runs here, so nobody is woken: the rows are what is measured.
CELERY_BROKER_URL = "memory://"
