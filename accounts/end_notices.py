"""What the sign-in page says of a web session that ended, to whoever came with its cookie."""

from typing import Any

from django.conf import settings

from accounts.end_reasons import EndReason
from accounts.first_read import first_read_of
from core.requests import CooperRequest

NOTICES = {
    EndReason.ADMINISTRATOR: "Your web session was ended by an administrator of cooper.",
    EndReason.PERSON: "You ended this web session from another one.",
    EndReason.DEVICE: "Your web session ended when you changed your device for one-time codes.",
    EndReason.PASSWORD: "Your web session ended when you changed your password.",
    EndReason.IDLE: "Your web session ended: it was not used for {idle} minutes.",
    EndReason.LONGEST: "Your web session ended: it had reached its longest time.",
    EndReason.RESTORE: "Your web session ended: cooper was restored from a backup.",
}


def end_reason_of(request: CooperRequest) -> EndReason | None:
    """Return why the web session ended whose cookie came along; None where nothing says so.

    A mark is looked for by the hash of the cookie's value alone: another one tells nobody.
    """
    session: Any = request.session
    reason: EndReason | None = session.end_reason(first_read_of(request).find)
    return reason


def notice_of_end(request: CooperRequest) -> str:
    """Return the sentence on the end, or ""; the browser may forget the cookie with it."""
    reason = end_reason_of(request)
    if not reason:
        return ""
    session: Any = request.session
    session.forget_ended()
    return NOTICES[reason].format(idle=settings.COOPER_SESSION_IDLE // 60)
