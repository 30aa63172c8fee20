"""Who is asking: a person and their groups, as a provider vouches for them.

Pure: no Django, no AWS.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from core.groups import split_group, split_stored_group

INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Characters that are not seen, but count as printable (Unicode's Default_Ignorable_Code_Point).

Those that are not printable are in no name.
"""


def fold_name(name: str) -> str:
    """Return what all spellings of a name have in common: no case, one Unicode form, no blanks.

    Look-alikes of another script, such as a Cyrillic letter in a Latin name, stay different.
    Source: Unicode Standard, 3.13 (caseless matching of identifiers); UAX #15 (NFKC).
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    # folding may leave a form that is not normal, and normalizing brings invisible letters in
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", folded)).strip()


class Group(NamedTuple):
    """A group of a provider, written `okta:prod-admins`.

    The same name at another provider is another group.
    """

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Group":
        """Read `provider:name`; a bare name means `local:`. Raise ValueError, saying why."""
        return cls(*split_group(text))

    @classmethod
    def from_stored(cls, text: str) -> "Group":
        """Read a group as cooper stored it; what an older one took is read as it is."""
        return cls(*split_stored_group(text))


def parse_groups(texts: Iterable[str]) -> frozenset[Group]:
    """Read groups as `Group.parse` does; raise ValueError on the first that is not one."""
    return frozenset(Group.parse(text) for text in texts)


@dataclass(frozen=True)
class Identity:
    """A person as they ask now: (provider, subject), their groups, when they last authenticated.

    `epoch` is the person's: what was begun in an older one does not count any more.
    """

    provider: str
    subject: str
    name: str = ""
    groups: frozenset[Group] = field(default_factory=frozenset)
    authenticated_at: datetime | None = None
    epoch: int = 0

    @property
    def person(self) -> str:
        """The person's key in the tables, `provider:subject`."""
        return f"{self.provider}:{self.subject}"

    def is_admin(self, admin_groups: Collection[Group]) -> bool:
        return not self.groups.isdisjoint(admin_groups)

    def is_auditor(self, auditor_groups: Collection[Group]) -> bool:
        return not self.groups.isdisjoint(auditor_groups)

    def __str__(self) -> str:
        return self.name or self.subject
