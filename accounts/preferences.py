"""How a person likes cooper to be: an item of their own, read with each of their requests.

Each change is one UpdateItem on that item, and touches nothing else: no transaction, and never the
person, on whom each grant rests. A preference is never authority: what is read from it is checked
again as if it had just been typed.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest
from pynamodb.attributes import UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from accounts.first_read import first_read_of
from accounts.models import StoredPreferences
from core.dynamo import ConditionFailed, DocumentKey, after
from core.errors import CooperError, Invalid

THEMES = ("system", "light", "dark")

MOST_STARRED = 500
"""Targets and AWS accounts that a person can star."""

MOST_FOLDED = 1_000
"""Targets and AWS accounts that a person can fold."""

MOST_CHOICES = 500
"""Targets for which a person's last choices are kept."""

LONGEST_KEY = 100
"""Characters of what is starred or folded; of a choice and of a format as well."""

KEPT = 10 * 365 * 86_400
"""Seconds that preferences are kept after their last change: longer than anybody stays away."""

KEY = re.compile(r"(target|aws-account):[A-Za-z0-9+=,.@_-]+")
"""What can be starred and folded, written as in the catalogue's change log."""


@dataclass(frozen=True)
class TargetChoices:
    """What was chosen last at a target; "" and 0 where nothing was."""

    region: str = ""
    service: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class Preferences:
    """How a person likes cooper to be; the defaults are everybody's who said nothing."""

    theme: str = "system"
    new_tab: bool = True
    credentials_format: str = ""
    starred: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    choices: Mapping[str, TargetChoices] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of the target."""

    def choices_for(self, target: str) -> TargetChoices:
        """Return what was chosen last at a target."""
        return self.choices.get(target, TargetChoices())


DEFAULTS = Preferences()


# -- reading ---------------------------------------------------------------------------------------
def preferences_of(request: HttpRequest) -> Preferences:
    """Return the preferences of the person who asks, as the request has read them first.

    Those of nobody are the defaults. Raise CooperError when DynamoDB does not say.
    """
    identity = getattr(request, "identity", None)
    if not identity:
        return DEFAULTS
    stored = first_read_of(request).find(StoredPreferences, preferences_key(identity.person))
    return _preferences(stored) if stored else DEFAULTS


def theme_context(request: HttpRequest) -> dict[str, str]:
    """Return, for every page, the theme of the person who asks (a context processor).

    `color_scheme` are the themes of the browser's own ground, before any stylesheet has come.
    """
    try:
        theme = preferences_of(request).theme
    except CooperError:
        # the page may be the one that says that DynamoDB, which has them, does not answer
        theme = DEFAULTS.theme
    color_scheme = "light dark" if theme == "system" else theme
    return {"theme": theme, "color_scheme": color_scheme}


def first_read_keys(request: HttpRequest, person: str) -> Iterator[DocumentKey]:
    """Yield what the first read of each request needs of a person's preferences."""
    if person:
        yield StoredPreferences, preferences_key(person)


def preferences_key(person: str) -> str:
    """Return the key of a person's preferences in the table of once-only records."""
    # a person's key may be as long as a key can be
    return f"preferences:{hashlib.sha256(person.encode()).hexdigest()}"


def _preferences(stored: StoredPreferences) -> Preferences:
    theme = str(stored.theme or "")
    return Preferences(
        theme=theme if theme in THEMES else DEFAULTS.theme,
        # absent means that nothing was said
        new_tab=stored.new_tab is not False,
        credentials_format=str(stored.credentials_format or ""),
        starred=frozenset(stored.starred or ()),
        folded=frozenset(stored.folded or ()),
        choices=MappingProxyType(_choices(stored.choices)),
    )


def _choices(stored: Any) -> dict[str, TargetChoices]:
    choices = {}
    for name, entry in stored.as_dict().items() if stored else ():
        # another cooper may keep something else there
        if isinstance(entry, dict):
            choices[name] = TargetChoices(
                region=str(entry.get("region", "")),
                service=str(entry.get("service", "")),
                seconds=int(entry.get("seconds", 0)),
            )
    return choices


# -- changing: each is one write -------------------------------------------------------------------
def set_theme(person: str, theme: str) -> None:
    """Set the theme; raise Invalid, on the field `theme`, for one that there is not."""
    if theme not in THEMES:
        raise Invalid("Choose system, light or dark.", f"theme {theme[:40]!r}", field="theme")
    change_stored(person, [StoredPreferences.theme.set(theme)])


def set_new_tab(person: str, new_tab: bool) -> None:
    """Set whether the console opens in a new tab."""
    change_stored(person, [StoredPreferences.new_tab.set(new_tab)])


def set_credentials_format(person: str, name: str) -> None:
    """Keep in which form the person took credentials last; raise Invalid for a long one."""
    _check_length(name)
    change_stored(person, [StoredPreferences.credentials_format.set(name)])


def star(person: str, key: str) -> None:
    """Star `target:NAME` or `aws-account:ID`; raise Invalid for too many, or another key."""
    too_many = f"You have {MOST_STARRED} stars, which is the most. Take one away first."
    _add(person, StoredPreferences.starred, key, MOST_STARRED, too_many)


def unstar(person: str, key: str) -> None:
    """Take a star away, if there is one; raise Invalid for a key that cannot have one."""
    _remove(person, StoredPreferences.starred, key)


def fold(person: str, key: str) -> None:
    """Fold `target:NAME` or `aws-account:ID`; raise Invalid for too many, or another key."""
    too_many = f"{MOST_FOLDED:,} are folded, which is the most. Unfold one first."
    _add(person, StoredPreferences.folded, key, MOST_FOLDED, too_many)


def unfold(person: str, key: str) -> None:
    """Unfold, if it is folded; raise Invalid for a key that cannot be."""
    _remove(person, StoredPreferences.folded, key)


def choose(person: str, target: str, choices: TargetChoices) -> None:
    """Keep what was chosen at a target; raise Invalid for too many targets, or long choices.

    One write. The very first choice of a person, and one that meets another, may take two.
    """
    _check_key(f"target:{target}")
    for text in (choices.region, choices.service):
        _check_length(text)

    entry = {
        "region": choices.region,
        "service": choices.service,
        "seconds": choices.seconds,
    }
    is_kept = _put_choice(person, target, entry) or _put_first_choice(person, target, entry)
    # another first choice may have come between the two
    if not is_kept and not _put_choice(person, target, entry):
        message = f"The last choices of {MOST_CHOICES} targets are kept, which is the most."
        raise Invalid(message, "too many choices")


def _put_choice(person: str, target: str, entry: dict[str, Any]) -> bool:
    """Put a choice among the others; return False when there are none, or too many."""
    all_choices = Path("choices")
    own = Path(["choices", target])
    number_of_choices = size(all_choices)  # type: ignore[no-untyped-call]
    has_room = all_choices.exists() & (own.exists() | (number_of_choices < MOST_CHOICES))
    return change_stored(person, [own.set(entry)], has_room)


def _put_first_choice(person: str, target: str, entry: dict[str, Any]) -> bool:
    """Put a person's first choice, for which there is no map yet; return False when there is."""
    all_choices = Path("choices")
    return change_stored(person, [all_choices.set({target: entry})], all_choices.does_not_exist())


# -- stored ----------------------------------------------------------------------------------------
def _add(person: str, kept: UnicodeSetAttribute, key: str, most: int, too_many: str) -> None:
    _check_key(key)
    keys = Path(kept)
    number_of_keys = size(keys)  # type: ignore[no-untyped-call]
    has_room = keys.does_not_exist() | keys.contains(key) | (number_of_keys < most)
    if not change_stored(person, [kept.add({key})], has_room):
        raise Invalid(too_many, f"more than {most}")


def _remove(person: str, kept: UnicodeSetAttribute, key: str) -> None:
    _check_key(key)
    change_stored(person, [kept.delete({key})])


def change_stored(
    person: str, actions: Sequence[Action], condition: Condition | None = None
) -> bool:
    """Change a person's item in place; return False when the condition does not hold.

    Raise CooperError. `accounts.announcements` keeps its own there too.
    """
    kept_until = StoredPreferences.expires.set(after(KEPT))
    try:
        StoredPreferences.update_item(
            preferences_key(person), actions=[*actions, kept_until], condition=condition
        )
    except ConditionFailed:
        return False
    return True


def _check_key(key: str) -> None:
    if len(key) > LONGEST_KEY or not KEY.fullmatch(key):
        raise Invalid("Not a target or an AWS account.", f"key {key[:LONGEST_KEY]!r}")


def _check_length(text: str) -> None:
    if len(text) > LONGEST_KEY:
        raise Invalid("This is too long to be kept.", f"{len(text)} characters")
