"""Settings of the sandbox's own Django project.

``SANDBOX_DATA`` is the folder of its database and secret key, ``SANDBOX_CONTROL_KEY`` opens
``/control/``; without a control key that door stays shut.
"""

import os
import secrets
from pathlib import Path

DATA = Path(os.environ.get("SANDBOX_DATA", "var/sandbox"))
CONTROL_KEY = os.environ.get("SANDBOX_CONTROL_KEY", "")


def _own_secret_key(path: Path) -> str:
    """The key kept in the data folder; made on the first start, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key)
    return key


SECRET_KEY = _own_secret_key(DATA / "secret-key")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "connections.sandbox.urls"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A hook takes up to 1 MB and says 413 itself; this is the wall behind it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024 + 1

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "oauth2_provider",
    "connections.sandbox",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "sandbox.sqlite3",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

# Cookies ignore ports: the portal on the same host must not meet these.
SESSION_COOKIE_NAME = "sandbox_session"
CSRF_COOKIE_NAME = "sandbox_csrf"
LOGIN_URL = "sign_in"
AUTH_USER_MODEL = "sandbox.Account"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# Every table of the OAuth library is one of ours, so its own migrations have nothing to do.
OAUTH2_PROVIDER_APPLICATION_MODEL = "sandbox.App"
OAUTH2_PROVIDER_GRANT_MODEL = "sandbox.Code"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "sandbox.AccessToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "sandbox.RefreshToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "sandbox.IDToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "sandbox.DeviceGrant"
MIGRATION_MODULES = {"oauth2_provider": None}
OAUTH2_PROVIDER = {
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# One line when it listens, silence afterwards; what goes wrong in here still reaches stderr.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "level": "ERROR"},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "ERROR"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        "django.server": {"handlers": ["nowhere"], "propagate": False},
    },
}
