"""The portal for gunicorn. Refused in the demo, whose broker lives in one process only."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terra_portal.settings")

application = get_wsgi_application()

if settings.CELERY_BROKER_URL.startswith("memory:"):
    raise ImproperlyConfigured(
        "memory:// reaches only the demo's own process. Set CELERY_BROKER_URL for a web server."
    )
