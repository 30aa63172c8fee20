"""URLs of AWS access."""

from django.urls import path, register_converter

from brokers import credentials_views, home_views, link_views, me_views, several_views, views


class NameConverter:
    """A target's name in a URL."""

    regex = r"[A-Za-z0-9_+=,.@-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NameConverter, "target")

HOME = [
    path("", home_views.home, name="home"),
    path("star/", home_views.star, name="star"),
    path("fold/", home_views.fold, name="fold"),
]

ME = [
    path("me/", me_views.me, name="me"),
    path("me/end-session/", me_views.end_session, name="end-session"),
    path("me/end-others/", me_views.end_other_sessions, name="end-others"),
    path("me/preferences/", me_views.preferences, name="preferences"),
]

TARGETS = [
    path("targets/<target:name>/", views.target, name="target"),
    path("targets/<target:name>/console/", views.console, name="console"),
    path("targets/<target:name>/credentials/", credentials_views.credentials, name="credentials"),
    path("credentials/", several_views.several, name="several"),
    path("credentials/format/", credentials_views.choose_format, name="credentials-format"),
]

LINKS = [
    path("go/", link_views.go, name="go"),
    path("go/<target:name>/", link_views.go_to_target, name="go-target"),
    path("start/console", link_views.start_console, name="start-console"),
]

urlpatterns = [*HOME, *ME, *TARGETS, *LINKS]
