"""The portal's settings as its web server has them; beside it stand the yardsticks."""

import importlib
import os

# Redis where CACHE_URL names one; else what the portal takes where its broker is none.
os.environ["CACHE_URL"] = os.environ.get("CACHE_URL") or "dbcache://cache"
_benches = importlib.import_module("benches.settings")
globals().update({name: getattr(_benches, name) for name in dir(_benches) if name.isupper()})

# Nothing that is measured publishes; the web server refuses a broker in memory.
CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"]
ROOT_URLCONF = "benches.yardsticks"
