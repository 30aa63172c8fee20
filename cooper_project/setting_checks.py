"""cooper's own system checks, those for serving included, one line each."""

from django.core import checks


def warnings(*, serving: bool = True) -> list[str]:
    """Return what whoever starts a server should know, but what does not prevent the start."""
    return [line_of(message) for message in _messages(serving) if message.level < checks.ERROR]


def errors(*, serving: bool = True) -> list[str]:
    """Return what no server (or, unless it is for `serving`, no command) starts with."""
    return [line_of(message) for message in _messages(serving) if message.level >= checks.ERROR]


def line_of(message: checks.CheckMessage) -> str:
    """Return a check's message in one line."""
    return " ".join(f"{message.id}: {message.msg} {message.hint or ''}".split())


def _messages(serving: bool) -> list[checks.CheckMessage]:
    messages = checks.run_checks(tags=["cooper"], include_deployment_checks=serving)
    return [message for message in messages if not message.is_silenced()]
