"""The events that people search the audit log for, as the choices of a field."""

from typing import Any

from core.audit import Event
from core.event_words import ALL_OF_NOUN, SUBJECTS, WORDS, same_words, words_of

Choice = tuple[str, str]
"""A value and its label."""


def event_choices(chosen: str = "") -> list[tuple[str, Any]]:
    """Return the choices of events, by subject, in the words that the list has for them.

    `noun:` stands for all events of a noun. What is chosen is a choice too, where it is a name that
    no choice has: addresses may have any.
    """
    groups: list[tuple[str, Any]] = [("", "any event")]
    names: set[str] = set()
    for subject, nouns in SUBJECTS.items():
        choices: list[Choice] = []
        for noun in nouns:
            choices += _choices_of(noun)

        names.update(dict(choices))
        groups.append((subject, choices))

    if chosen not in names and _is_name(chosen):
        groups.append((chosen, str(words_of(chosen))))
    return groups


def _choices_of(noun: str) -> list[Choice]:
    beginning = f"{noun}:"
    choices = []
    if noun in ALL_OF_NOUN:
        choices.append((beginning, str(ALL_OF_NOUN[noun])))

    for event, words in WORDS.items():
        if event.startswith(beginning) and _is_offered(event):
            choices.append((str(event), str(words)))
    return choices


def _is_offered(event: Event) -> bool:
    # each grant has an outcome, which is what people look for
    return event != Event.GRANT_INTENDED and canonical(event) == event


def canonical(name: str) -> str:
    """Return the name by which a choice has all events that are called the same."""
    return str(next(iter(same_words(name)), name))


def _is_name(text: str) -> bool:
    if text in set(Event):
        return True

    is_noun = text.endswith(":") and text.count(":") == 1
    return is_noun and any(event.startswith(text) for event in Event)
