"""What administrators do with people, beside what every ModelAdmin does."""

from enum import StrEnum


class PersonOperationKind(StrEnum):
    """The kinds of operation on people, beside those that every ModelAdmin has."""

    END_WEB_SESSIONS = "end_web_sessions"
    END_COMMAND_LINES = "end_command_lines"
    RESET_DEVICES = "reset_devices"
    MAKE_ENROLMENT_CODES = "make_enrolment_codes"
