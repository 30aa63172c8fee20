"""All targets and associations, held in the process and kept true by a stamp and a change log.

A request reads the changes after the ones it knows, and the stamp that sorts behind them: one strongly consistent
query. A log with a gap, or that has expired, means reading everything anew.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from brokers.errors import CatalogueConflict
from brokers.models import Association, AwsAccount, Change, State, Target
from core import audit
from core.audit import Event
from core.dynamo import AlreadyExists, Transaction, after, transaction
from core.errors import CooperError, Unavailable
from core.retry import Backoff, retry

LOG = "catalogue"
STAMP = 10**15
"""The number of the stamp's item; it sorts behind every change."""

KEPT = 7 * 86_400
"""Seconds that a change stays in the log."""

MOST_TOUCHED = 100
"""Touched targets that are read one by one; beyond that, as after an import, reading everything is faster."""

BACKOFF = Backoff(first=0.01, longest=0.2)
TRIES = 40

T = TypeVar("T")


@dataclass(frozen=True)
class Catalogue:
    """What there is, as of change `number`: targets and AWS accounts by key, associations by target and by group."""

    number: int
    targets: Mapping[str, Target] = field(default_factory=dict)
    accounts: Mapping[str, AwsAccount] = field(default_factory=dict)
    rules: Mapping[str, tuple[Association, ...]] = field(default_factory=dict)
    by_group: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def rules_for(self, groups: Iterable[object]) -> list[Association]:
        """Return the associations of any of the groups."""
        wanted = {str(group) for group in groups}
        names = {name for group in wanted for name in self.by_group.get(group, ())}
        return [rule for name in names for rule in self.rules.get(name, ()) if rule.group in wanted]


_held: list[Catalogue] = []
_lock = threading.Lock()


def ensure_stamp() -> bool:
    """Make the stamp unless it exists; return whether it was made now. For set-up."""
    try:
        with transaction() as writes:
            writes.create(Change(LOG, STAMP, latest=0))
    except AlreadyExists:
        return False
    return True


def _news(after: int) -> tuple[list[Change], int]:
    """Return the changes after a number and the latest number; raise Unavailable when the answer has no stamp."""
    rows = list(Change.under(LOG, range_key_condition=Change.number > after))
    if not rows or int(rows[-1].number) != STAMP or rows[-1].latest is None:
        raise Unavailable(
            "The list of targets could not be read. Try again; if this stays, run manage.py cooper_setup.",
            "no stamp",
        )
    return rows[:-1], int(rows[-1].latest)


def current() -> Catalogue:
    """Return the catalogue as it is now; one round trip when nothing changed."""
    held = _held[0] if _held else None
    if held is None:
        with _lock:
            return _held[0] if _held else _keep(_load())
    changes, latest = _news(held.number)
    if latest == held.number:
        return held
    with _lock:
        return _keep(_brought_up(_held[0], latest, changes) if _held else _load())


def latest() -> Catalogue:
    """Return the catalogue as this process knows it, without asking: for showing rows whose request asked already."""
    return _held[0] if _held else current()


def forget() -> None:
    """Drop what is held, for the next request to read everything anew."""
    _held.clear()


def _keep(made: Catalogue) -> Catalogue:
    """Hold the newest catalogue and return it."""
    if not _held or _held[0].number <= made.number:
        _held[:] = [made]
    return _held[0]


def _load() -> Catalogue:
    """Read everything; changes made meanwhile come with the next news, as the stamp is read first."""
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        raise CooperError(
            "This installation is not set up yet. Run: manage.py cooper_setup", "no catalogue stamp"
        )
    rules: dict[str, list[Association]] = {}
    for rule in Association.everything():
        rules.setdefault(str(rule.target), []).append(rule)
    targets = {str(each.name): each for each in Target.everything()}
    accounts = {str(each.account_id): each for each in AwsAccount.everything()}
    return _made(
        int(stamp.latest), targets, accounts, {name: tuple(found) for name, found in rules.items()}
    )


def _made(
    number: int,
    targets: Mapping[str, Target],
    accounts: Mapping[str, AwsAccount],
    rules: Mapping[str, tuple[Association, ...]],
) -> Catalogue:
    """Return a catalogue with its index by group."""
    by_group: dict[str, set[str]] = {}
    for name, found in rules.items():
        for rule in found:
            by_group.setdefault(str(rule.group), set()).add(name)
    return Catalogue(
        number,
        targets,
        accounts,
        rules,
        {group: frozenset(names) for group, names in by_group.items()},
    )


def _brought_up(held: Catalogue, latest: int, changes: list[Change]) -> Catalogue:
    """Return `held` with what the changes touched read anew, or everything when the log has a gap."""
    known = {int(change.number) for change in changes}
    if not set(range(held.number + 1, latest + 1)) <= known:
        return held if held.number >= latest else _load()
    touched = {str(key) for change in changes for key in change.touched}
    if len(touched) > MOST_TOUCHED:
        return _load()
    targets, accounts, rules = dict(held.targets), dict(held.accounts), dict(held.rules)
    for key in touched:
        kind, _, name = key.partition(":")
        if kind == "aws-account":
            _replace(accounts, name, AwsAccount.find(name))
            continue
        _replace(targets, name, Target.find(name))
        _replace(rules, name, tuple(Association.under(name)) or None)
    return _made(latest, targets, accounts, rules)


def _replace(held: dict[str, T], name: str, found: T | None) -> None:
    """Put what was found in its place, or take away what is gone."""
    if found is None:
        held.pop(name, None)
    else:
        held[name] = found


def edit(build: Callable[[Transaction], None], *targets: str, accounts: Iterable[str] = ()) -> None:
    """Write what `build` puts into a transaction, with the change log: every write of the catalogue's documents.

    `targets` and `accounts` name what is touched (associations: their target). `build` may be called several times.
    Raise Stale, AlreadyExists or whatever refusal a condition of `build` names.
    """
    touched = [f"target:{name}" for name in targets] + [f"aws-account:{name}" for name in accounts]
    edit_once = partial(_edit_once, build, touched)
    try:
        retry(edit_once, on=CatalogueConflict, tries=TRIES, backoff=BACKOFF)
    except CatalogueConflict as error:
        message = "Others are changing targets right now. Nothing was changed; try again."
        raise Unavailable(message, error.detail) from error


def _edit_once(build: Callable[[Transaction], None], touched: list[str]) -> None:
    """Write once; raise Moved when somebody else's change came first."""
    stamp = Change.find(LOG, STAMP)
    if stamp is None or stamp.latest is None:
        raise Unavailable(
            "The list of targets could not be read. Nothing was changed; try again.", "no stamp"
        )
    number, moved = (
        int(stamp.latest) + 1,
        CatalogueConflict("Somebody else changed the targets meanwhile."),
    )
    with transaction() as writes:
        build(writes)
        actions = [Change.latest.set(number)]
        writes.update(
            Change,
            LOG,
            STAMP,
            actions=actions,
            condition=Change.latest == number - 1,
            refusal=moved,
        )
        log = Change(LOG, number, touched=touched, expires=after(KEPT))
        writes.create(log, refusal=moved)


def new_external_id() -> str:
    """Return a new ExternalId (160 bit)."""
    return f"cooper-{secrets.token_hex(20)}"


def account_for(account_id: str) -> AwsAccount:
    """Return the AWS account, or a new one (without a version) with a new ExternalId; nothing is written."""
    return AwsAccount.find(account_id) or AwsAccount(account_id, external_id=new_external_id())


def ensure_account(account_id: str) -> AwsAccount:
    """Return the AWS account, made with a new ExternalId if it is new; its ExternalId is kept for ever."""
    made = account_for(account_id)
    if made.version is not None:
        return made

    def build(writes: Transaction) -> None:
        writes.create(made)
        writes.create(audit.event(Event.ACCOUNT_ADDED, aws_account=account_id))

    try:
        edit(build, accounts=[account_id])
    except AlreadyExists:
        return ensure_account(account_id)
    return made


def living(targets: Iterable[Target]) -> list[Target]:
    """Return the targets that are not deleted."""
    return [each for each in targets if each.state != State.DELETED]
