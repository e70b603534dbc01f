"""The portal's own settings as tests need them: production's, without its patience."""

import importlib
import os

from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

if not os.environ.get("DATABASE_URL"):
    raise ImproperlyConfigured(
        "The tests need PostgreSQL. Use ./run test [pytest arguments], which brings one, "
        "or set DATABASE_URL."
    )

BROKER_GIVEN = os.environ.get("CELERY_BROKER_URL", "")
# Set, not defaulted: a developer's shell must not decide what the tests mean.
os.environ.update(
    {
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ENCRYPTION_KEYS": "tests:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "PUBLIC_BASE_URL": "http://testserver",
        "CELERY_BROKER_URL": BROKER_GIVEN or "redis://127.0.0.1:1/0",
        "CACHE_URL": "locmemcache://",
        "CONN_MAX_AGE": "0",
        "WEBHOOKS_ALLOW_LOOPBACK": "true",
    }
)
_portal = importlib.import_module("terra_portal.settings")
globals().update({name: getattr(_portal, name) for name in dir(_portal) if name.isupper()})

if not BROKER_GIVEN:
    # No worker shares this process, so nothing is published; tests run the due rows themselves.
    del os.environ["CELERY_BROKER_URL"]
    CELERY_BROKER_URL = "memory://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05}
# Test processes that share a broker must not take each other's messages. A worker that a test
# starts is told the test's own queue, beside which is one for each that the portal routes to.
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("TESTS_QUEUE") or "-".join(
    ["tests", _portal.DATABASES["default"]["NAME"], os.environ.get("PYTEST_XDIST_WORKER", "one")]
)
CELERY_TASK_QUEUES = [
    Queue(CELERY_TASK_DEFAULT_QUEUE),
    Queue(f"{CELERY_TASK_DEFAULT_QUEUE}-webhooks"),
]
CELERY_TASK_ROUTES = {
    task: {"queue": f"{CELERY_TASK_DEFAULT_QUEUE}-{route['queue']}"}
    for task, route in _portal.CELERY_TASK_ROUTES.items()
}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = _portal.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
