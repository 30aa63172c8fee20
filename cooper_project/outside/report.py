"""What a check of how cooper is reached takes and gives."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Addresses:
    """Where cooper is asked; each is scheme, host and port, without a slash at its end."""

    public: str = ""
    """The address that people use, with all proxies before cooper; "" when there is none yet."""

    server: str = ""
    """The server's own address, "" when it is not to be asked."""


@dataclass(frozen=True)
class Report:
    """What a check has come to, in sentences for whoever operates cooper."""

    summary: str

    is_good: bool

    advice: tuple[str, ...] = ()
    """What to do, a line each."""
