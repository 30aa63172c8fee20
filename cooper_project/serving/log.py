"""gunicorn's log: what it says of requests that it could not read is written as cooper's is."""

from typing import Any

from gunicorn import glogging

from core.log_lines import formatter


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logger with cooper's formatter."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers as gunicorn does."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter())
