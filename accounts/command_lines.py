"""Command lines: sessions of the AWS CLI and of SDKs, which their person has allowed in a browser.

One lives until a set time after its person last authenticated, and never beyond: using it does not
make it longer. It ends before that when it is ended, or with the person's epoch.
"""

from accounts.models import CommandLine, Person


def is_active(command_line: CommandLine, person: Person, now: float) -> bool:
    """Return whether it may still be used by its person; `now` is in seconds since the epoch."""
    return (
        command_line.person == person.person
        and command_line.epoch == person.epoch
        and now < float(command_line.ends_at)
    )
