"""Django's settings, all of them from the environment (``desk.environment``)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import MutableMapping

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF

from desk import database
from desk.environment import ROOT, read_environment

ENVIRONMENT = read_environment(os.environ)

SECRET_KEY = ENVIRONMENT.secret
SECRET_KEY_FALLBACKS = list(ENVIRONMENT.secret_fallbacks)
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = [*ENVIRONMENT.hosts, *ENVIRONMENT.internal_hosts]
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.origins)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "axes",
    "corsheaders",
    "csp",
    "ninja",
    "desk.seals",
    "desk.audit",
    "desk.conversations",
    "desk.tickets",
    "desk.line",
    "desk.webchat",
    "desk.staff",
    "desk.editorial",
    "desk.rehearsals",
    "desk.gaps",
    "desk.training",
    "desk.privacy",
    "desk.console",
]
MIDDLEWARE = [
    "desk.metrics.Requests",
    "desk.headers.Headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "desk.static_files.StaticFiles",
    "desk.webchat.origins.Origins",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "desk.staff.sessions.SessionLimits",
    "desk.seals.pages.Unopened",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "desk.console.frame.frame",
            ],
        },
    }
]
FORM_RENDERER = "desk.console.frame.Renderer"
ROOT_URLCONF = "desk.urls"
ASGI_APPLICATION = "desk.asgi.application"

DATABASES = {"default": dj_database_url.parse(ENVIRONMENT.database, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One writer at a time, who says so at once: else two that have read cannot both go on to write.
    # What is acknowledged is on the disk (FULL), as design §1.4 promises.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"] = database.limited(DATABASES["default"])
DATABASES["default"]["CONN_MAX_AGE"] = None
if ENVIRONMENT.tracker:
    # Rasa's, of which only what must be forgotten is touched (desk.privacy.tracker).
    DATABASES["tracker"] = database.limited(dj_database_url.parse(ENVIRONMENT.tracker))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if ENVIRONMENT.mail:
    _mail = dj_email_url.parse(ENVIRONMENT.mail)
    globals().update({name: value for name, value in _mail.items() if value is not None})
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from

LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024

STATIC_URL = "/static/"
# Straight from where they lie: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [("widget", ROOT / "widget" / "dist")]


def _for_other_pages(headers: MutableMapping[str, str], path: str, _: str) -> None:
    """The widget is for any page: whether that may talk to the desk is seen when it does."""
    if path.startswith(str(ROOT / "widget")):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


WHITENOISE_ADD_HEADERS_FUNCTION = _for_other_pages
# Pages of others may use the chat and nothing else; who is on no list is refused (desk.webchat.origins).
CORS_URLS_REGEX = r"^/chat/"
CORS_ALLOWED_ORIGINS = list(ENVIRONMENT.web_origins)
CORS_ALLOW_METHODS = ("GET", "POST", "DELETE", "OPTIONS")
CORS_ALLOW_HEADERS = ("authorization", "content-type", "last-event-id")
CORS_EXPOSE_HEADERS = ("retry-after",)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CSRF_FAILURE_VIEW = "desk.staff.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = True
# Cookies end with the browser, sessions after this many seconds or earlier (desk.staff.sessions).
# Not Strict: links in mail lead here.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "desk.staff.entry.locked"
AXES_RESET_ON_SUCCESS = True
# Trying on does not prolong it: the page says until when, and that stays true.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False


def _issuer(_: object) -> str:
    """Under which name an authenticator app lists the desk."""
    from desk.console.frame import desk_name

    return desk_name()


OTP_TOTP_ISSUER = _issuer

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

SECURE_CONTENT_TYPE_NOSNIFF = True
if ENVIRONMENT.production:
    SECURE_SSL_REDIRECT = True
    # Neighbours come past the proxy, without TLS: probes, and the action server with its token.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/knowledge$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # Browsers take cookies of these names from this host alone, not from its neighbours or by HTTP.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

LOGGING_CONFIG = "desk.logs.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "desk.logs.Private"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["time", "levelname", "name", "message", "process"],
            "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "exception"},
            "json_ensure_ascii": False,
        },
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s%(_suffix)s"},
    },
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "filters": ["private"],
            "formatter": ENVIRONMENT.log,
        }
    },
    "root": {"handlers": ["out"], "level": "INFO"},
    "loggers": {
        # Without Django's own handler, which mails whole requests.
        "django": {"handlers": [], "level": "INFO"},
        # Nothing for each query, each request, each login.
        "django.db.backends": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
