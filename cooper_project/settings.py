"""Django's settings and cooper's own (`COOPER_*`), read from the environment."""

from pathlib import Path

from core import aws, env
from core.groups import split_groups
from core.log_lines import LINE

BASE_DIR = Path(__file__).resolve().parent.parent

# -- cooper's own ----------------------------------------------------------------------------------
COOPER_REGION = (
    env.text("COOPER_REGION")
    or env.text("AWS_REGION")
    or env.text("AWS_DEFAULT_REGION")
    or aws.profile_region()
)
COOPER_TABLE_PREFIX = env.text("COOPER_TABLE_PREFIX", "cooper-", matching=r"[A-Za-z0-9_.-]{1,100}")
COOPER_KMS_KEY = env.text("COOPER_KMS_KEY")
COOPER_ADMIN_GROUPS = split_groups(env.text("COOPER_ADMIN_GROUPS", "local:admins"))
COOPER_AUDITOR_GROUPS = split_groups(env.text("COOPER_AUDITOR_GROUPS", "local:auditors"))
COOPER_SECRET_KEY = env.secret("COOPER_SECRET_KEY")
COOPER_SIGNIN_URL = env.text("COOPER_SIGNIN_URL")
COOPER_PUBLIC_URL = env.text(
    "COOPER_PUBLIC_URL", matching=r"https?://[A-Za-z0-9.:\[\]-]+/?"
).rstrip("/")
COOPER_BIND = env.text("COOPER_BIND", "127.0.0.1:8000")
COOPER_METRICS_BIND = env.text("COOPER_METRICS_BIND", "127.0.0.1:9464")
"""Where the metrics page is served; "" or "off" for nowhere."""
COOPER_WORKERS = env.integer("COOPER_WORKERS", 2, least=1, most=64)
COOPER_TRUSTED_PROXIES = env.listing("COOPER_TRUSTED_PROXIES")
COOPER_MAX_SESSION = env.integer("COOPER_MAX_SESSION", 43_200, least=900, most=129_600)
COOPER_GRANTS_PER_MINUTE = env.integer("COOPER_GRANTS_PER_MINUTE", 30, least=1, most=10_000)
COOPER_PROFILES_PER_MINUTE = env.integer("COOPER_PROFILES_PER_MINUTE", 60, least=1, most=10_000)
COOPER_CLI_GRANTS_PER_MINUTE = env.integer("COOPER_CLI_GRANTS_PER_MINUTE", 60, least=1, most=10_000)
COOPER_COMMAND_LINE_SECONDS = env.integer(
    "COOPER_COMMAND_LINE_SECONDS", 28_800, least=3_600, most=43_200
)
COOPER_CLI_SAME_NETWORK = env.prefix_lengths("COOPER_CLI_SAME_NETWORK")
COOPER_DEVICE_CODE = split_groups(env.text("COOPER_DEVICE_CODE"))
COOPER_SIGN_OUT_ENDS_COMMAND_LINES = env.flag("COOPER_SIGN_OUT_ENDS_COMMAND_LINES", default=True)
COOPER_STEP_UP_SECONDS = env.integer("COOPER_STEP_UP_SECONDS", 0, least=0, most=300)
COOPER_ENROLMENT = env.text("COOPER_ENROLMENT", "open", matching="open|code")
COOPER_STS_AT_ONCE = env.integer("COOPER_STS_AT_ONCE", 32, least=1, most=1_000)
COOPER_DEV_ENDPOINTS = env.flag("COOPER_DEV_ENDPOINTS")
COOPER_VPC_ENDPOINTS = env.listing("COOPER_VPC_ENDPOINTS")
COOPER_INSECURE_HTTP = env.flag("COOPER_INSECURE_HTTP")
COOPER_EMBEDDED = env.flag("COOPER_EMBEDDED")
COOPER_POOL = env.integer("COOPER_POOL", 64, least=10, most=1_000)
COOPER_PROVIDERS = [
    "accounts.providers.local.LocalProvider",
    "accounts.providers.saml.SamlProviders",
]
COOPER_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

# -- Django ----------------------------------------------------------------------------------------
DEBUG = False
# the server puts the installation's shared key here (secret_keys.use); until then there is none,
# and Django refuses to sign and to check anything
SECRET_KEY = COOPER_SECRET_KEY
SECRET_KEY_FALLBACKS: list[str] = []

_https = COOPER_PUBLIC_URL.startswith("https://")
# browsers take cookies with this prefix from https alone, for this very host and path /
_cookie_prefix = "__Host-" if _https else ""

ALLOWED_HOSTS = env.listing("COOPER_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS: list[str] = []
if COOPER_PUBLIC_URL:
    _public_host = COOPER_PUBLIC_URL.split("://")[-1].rsplit(":", 1)[0]
    ALLOWED_HOSTS = ALLOWED_HOSTS or [_public_host]
    CSRF_TRUSTED_ORIGINS = [COOPER_PUBLIC_URL]
else:
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "cooper_project.apps.ProjectConfig",
    "core.apps.CoreConfig",
    "accounts.apps.AccountsConfig",
    "shipping.apps.ShippingConfig",
    "brokers.apps.BrokersConfig",
    "sso_portal.apps.SsoPortalConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "demo.apps.DemoConfig",
]

MIDDLEWARE = [
    # whatever answers behind it, an error in a later one of these included
    "sso_portal.middleware.ErrorShapeMiddleware",
    "core.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.ResponseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "cooper_project.middleware.PreparationMiddleware",
    "accounts.middleware.FirstReadMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.IdentityMiddleware",
    "accounts.middleware.KeptFormsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "cooper_project.urls"
WSGI_APPLICATION = "cooper_project.wsgi.application"

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
                "accounts.stepup.window_context",
                "accounts.session_end.session_end_context",
                "accounts.preferences.theme_context",
                "accounts.announcements.announcements_context",
                "brokers.stops.stops_context",
            ],
            "builtins": ["core.templatetags.moments"],
            "libraries": {
                "links": "core.admin.link_tags",
                "suggestions": "brokers.admin.suggestion_tags",
            },
        },
    },
]

# no SQL anywhere: an engine on which every query fails loudly, and atomic() does nothing
DATABASES = {"default": {"ENGINE": "core.no_sql"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.login.PersonBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.password_words.ContextWordsValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 43_200
SESSION_COOKIE_NAME = f"{_cookie_prefix}cooper"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
COOPER_SESSION_IDLE = 1_800
"""Seconds without a request after which a web session ends."""
COOPER_FORM_COOKIE_NAME = f"{_cookie_prefix}cooper-form"
"""The cookie of forms that were sent after their web session had ended."""
CSRF_COOKIE_NAME = f"{_cookie_prefix}cooper-csrf"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SAML_REQUEST_COOKIE_NAME = f"{_cookie_prefix}cooper-saml"
"""How the cookies of requests to identity providers begin."""
SAML_CSP_HANDLER = ""

SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_CONTENT_TYPE_NOSNIFF = True
# under no-referrer browsers send "Origin: null" with a form, which the CSRF check refuses;
# see the Fetch standard, 3.2
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "core.formats"
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_USE_FINDERS = False
WHITENOISE_MANIFEST_STRICT = False

COOPER_LOG_FORMAT = env.text("COOPER_LOG_FORMAT", "text", matching="json|text")
"""A server that was not told sets it for its processes (core.log_lines)."""
COOPER_ACCESS_LOG = env.flag("COOPER_ACCESS_LOG", default=True)
LOG_LEVEL = env.text("COOPER_LOG_LEVEL", "INFO", matching="DEBUG|INFO|WARNING|ERROR")
# at DEBUG these write secrets, session tokens and KMS plaintext, so they stay at WARNING whatever
# LOG_LEVEL says
_LEAKY = ("botocore", "boto3", "urllib3", "pynamodb", "s3transfer", "gevent")
# these log a traceback for each failed refresh; core.aws says the reason in one line
_TALKATIVE = ("botocore.credentials", "botocore.tokens")
# these log whole messages of strangers, as errors; accounts.views logs the reason of a refusal
_LOUD = ("saml2", "djangosaml2", "xmlschema")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "core.django_log.DjangoLineFormatter", "fmt": LINE},
        "json": {"()": "core.django_log.DjangoJsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": COOPER_LOG_FORMAT or "text"}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        **{name: {"level": "WARNING"} for name in _LEAKY},
        **{name: {"level": "ERROR"} for name in _TALKATIVE},
        **{name: {"level": "CRITICAL", "propagate": False} for name in _LOUD},
        "django": {
            "handlers": [],
            "level": LOG_LEVEL if LOG_LEVEL != "DEBUG" else "INFO",
            "propagate": True,
        },
    },
}
