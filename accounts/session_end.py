"""When a web session ends, said on every page before it does."""

from datetime import UTC, datetime
from typing import Any

from accounts.kept_forms import LIFETIME
from core.requests import CooperRequest


def session_end_context(request: CooperRequest) -> dict[str, Any]:
    """Return, for every page, when this web session ends (a context processor).

    `session_end` is None for whoever has not signed in, and for a session that begins right now.
    """
    # an error page may come before the middleware that gives these
    session = getattr(request, "session", None)
    is_signed_in = bool(getattr(request, "identity", None))
    idle_end = getattr(session, "idle_end", 0)
    absolute_end = getattr(session, "absolute_end", 0)
    if not is_signed_in or not idle_end:
        return {"session_end": None}

    end = {
        "at": datetime.fromtimestamp(min(idle_end, absolute_end), UTC),
        "is_final": absolute_end <= idle_end,
        "minutes_kept": LIFETIME // 60,
    }
    return {"session_end": end}
