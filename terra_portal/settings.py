"""All settings, from the process environment. docs/settings.md tells of each."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from kombu import Queue

from terra_portal.environment import (
    demo_keys,
    provider_hosts,
    rate,
    require_production,
    shared_cache,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# The demo is one process on one machine: embedded database, in-process broker, keys in var/.
DEMO = env.bool("TERRA_PORTAL_DEMO", False)
VAR_DIR = Path(env.str("PORTAL_VAR", str(BASE_DIR / "var")))
DEBUG = False

if DEMO:
    for name, value in demo_keys(VAR_DIR).items():
        os.environ.setdefault(name, value)
else:
    require_production(env)

PORTAL_PORT = env.int("PORTAL_PORT", 8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", 8001)
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", f"http://127.0.0.1:{PORTAL_PORT}").rstrip("/")
PUBLIC_HOST = urlsplit(PUBLIC_BASE_URL).netloc
OVER_TLS = PUBLIC_BASE_URL.startswith("https://")
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
# The sandbox wearable. Elsewhere than in the demo it is off until an operator names its address.
SANDBOX_URL = env.str("SANDBOX_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if DEMO else "").rstrip("/")
SANDBOX_CONTROL_KEY = env.str("SANDBOX_CONTROL_KEY", "")
# Stand-ins of providers' hosts, for simulated clients only: {"api.fitbit.com": "http://…"}.
PROVIDER_HOSTS = provider_hosts(env, SANDBOX_URL if DEMO else "")

# Applications
INSTALLED_APPS = [
    "terra_portal",
    "developers",
    "connections",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "template_partials",
    "ninja",
]
MIDDLEWARE = [
    "developers.rest.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "terra_portal.middleware.CanonicalHostMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "terra_portal.middleware.HtmxLoginMiddleware",
]
ROOT_URLCONF = "terra_portal.urls"
WSGI_APPLICATION = "terra_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "developers.dashboard.context.dashboard",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# Database. On SQLite every transaction takes the one write lock at its start (IMMEDIATE):
# a deferred one that reads first fails with "database is locked" as soon as two write.
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": VAR_DIR / "portal.sqlite3",
    "OPTIONS": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
}
DATABASES = {"default": env.db("DATABASE_URL") if env.str("DATABASE_URL", "") else SQLITE}
if env.str("DATABASE_URL", "").startswith("postgres"):
    DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("CONN_MAX_AGE", 60))
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Celery wakes workers up; rows are the queue, so tasks may be lost or run twice.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "memory://" if DEMO else "")
CACHES = {"default": shared_cache(env, broker=CELERY_BROKER_URL)}
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"polling_interval": 0.05}
    if CELERY_BROKER_URL.startswith("memory:")
    # A broker that is away must not keep a page waiting: the sweep finds the row.
    else {
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
# A run of deliveries may wait for slow servers, so these have a queue, and workers, of their own.
# A worker that names no queue serves both.
CELERY_TASK_QUEUES = [Queue("celery"), Queue("webhooks")]
CELERY_TASK_ROUTES = {
    "developers.deliver_due": {"queue": "webhooks"},
    "developers.sweep_deliveries": {"queue": "webhooks"},
}
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 1.0 if DEMO else 5.0)
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_SCHEDULE", str(VAR_DIR / "beat"))
CELERY_BEAT_SCHEDULE = {
    "deliver": {"task": "developers.sweep_deliveries", "schedule": SWEEP_SECONDS},
    "backlog": {"task": "developers.report_backlog", "schedule": 60.0},
    "notices": {"task": "connections.sweep_notices", "schedule": SWEEP_SECONDS},
    "grants": {"task": "connections.sweep_grants", "schedule": SWEEP_SECONDS},
    "subscriptions": {"task": "connections.sweep_subscriptions", "schedule": 30.0},
    "attempts": {"task": "connections.sweep_attempts", "schedule": 30.0},
    "incidents": {"task": "connections.sweep_incidents", "schedule": SWEEP_SECONDS},
    "counts": {"task": "connections.fold_counts", "schedule": 30.0},
    "clock": {"task": "developers.mend_deliveries", "schedule": 60.0},
    "destinations": {"task": "developers.sweep_destinations", "schedule": 30.0},
    "settling": {"task": "developers.sweep_settling", "schedule": 30.0},
    "recoveries": {"task": "developers.sweep_recoveries", "schedule": 30.0},
    "payloads": {"task": "developers.erase_payloads", "schedule": 3600.0},
}

# People and their sessions
AUTH_USER_MODEL = "developers.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "developers.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if OVER_TLS else "http"
ACCOUNT_PREVENT_ENUMERATION = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "developers.accounts.MFAAdapter"
MFA_TOTP_ISSUER = "Terra Portal"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 8

# Browser
SESSION_COOKIE_NAME = "__Host-portal_session" if OVER_TLS else "portal_session"
CSRF_COOKIE_NAME = "__Host-portal_csrf" if OVER_TLS else "portal_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OVER_TLS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
CSRF_FAILURE_VIEW = "terra_portal.pages.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = OVER_TLS and env.bool("SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000) if OVER_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = OVER_TLS
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Mail
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
if DEMO:
    EMAIL_BACKEND = "terra_portal.demo.mail.MailboxBackend"
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", "Terra Portal <portal@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# A mail server that does not answer must not hold a worker.
EMAIL_TIMEOUT = 15

# Files
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str((VAR_DIR if DEMO else BASE_DIR) / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Language and time
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Limits and rules of the product
CONNECT_SESSION_SECONDS = 900
CONNECT_ATTEMPT_SECONDS = 900
CONFIRM_SECONDS = 600
RIVAL_WINDOW_SECONDS = 60
PROVIDER_DEADLINE_SECONDS = env.float("PROVIDER_DEADLINE_SECONDS", 10.0)
NOTICE_CLOCK_SKEW_S = env.int("NOTICE_CLOCK_SKEW_S", 60)
PROBE_SPACING_S = env.int("PROBE_SPACING_S", 60)
REVOKE_RETRY_HOURS = 24
WEBHOOK_DEADLINE_SECONDS = 8.0
# Loopback webhooks are for the demo and tests; elsewhere only public addresses are reached.
WEBHOOKS_ALLOW_LOOPBACK = env.bool("WEBHOOKS_ALLOW_LOOPBACK", DEMO)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
# Requests and seconds, for each API key; None where nothing is limited.
API_RATE_LIMIT = rate("API_RATE_LIMIT", env.str("API_RATE_LIMIT", "6000/m"))
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "terra_portal.redaction.RedactingFilter"},
        "reference": {"()": "terra_portal.request_reference.ReferenceFilter"},
        "failures": {"()": "terra_portal.request_reference.FailureFilter"},
    },
    "formatters": {
        "line": {
            "()": "terra_portal.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s%(reference)s %(message)s",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["redact", "reference"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"filters": ["failures"]},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING" if DEMO else "INFO"},
        # A line each minute, which the demo's terminal can do without.
        "developers.webhooks.backlog": {"level": "WARNING" if DEMO else "NOTSET"},
        # A line for each request.
        "developers.rest.middleware": {"level": "WARNING" if DEMO else "NOTSET"},
        "kombu": {"level": "ERROR" if DEMO else "INFO"},
    },
}
