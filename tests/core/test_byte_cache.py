"""A cache that is bounded by bytes keeps what was used last, whatever threads do at once."""

import sys
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from core.byte_cache import ByteCache, size_of

BLOCK = 10_000


def block(number: int) -> str:
    return f"{number:0{BLOCK}}"


def test_it_makes_a_value_once():
    cache = ByteCache(100 * BLOCK)
    made = []

    def make() -> str:
        made.append(1)
        return block(1)

    assert cache.get_or_make("a", make) is cache.get_or_make("a", make)
    assert made == [1] and cache.bytes == size_of("a") + size_of(block(1))


def test_it_drops_what_was_used_longest_ago():
    cache = ByteCache(3 * (BLOCK + 200))
    for number in (1, 2, 3):
        cache.get_or_make(number, lambda number=number: block(number))
    cache.get_or_make(1, lambda: "not made")
    cache.get_or_make(4, lambda: block(4))
    assert [key for key, _ in cache.items()] == [3, 1, 4]
    assert cache.bytes <= cache.most_bytes


def test_it_does_not_keep_what_is_larger_than_all_of_it():
    cache = ByteCache(BLOCK)
    cache.get_or_make("small", lambda: "x")
    assert cache.get_or_make("large", lambda: block(7)) == block(7)
    assert [key for key, _ in cache.items()] == ["small"]


def test_it_keeps_nothing_once_cleared():
    cache = ByteCache(BLOCK)
    cache.get_or_make("small", lambda: "x")
    cache.clear()
    assert (len(cache), cache.bytes, list(cache.items())) == (0, 0, [])


def test_it_drops_what_nobody_asks_for_again():
    cache = ByteCache(100 * BLOCK)
    for key in ("old 1", "new", "old 2"):
        cache.get_or_make(key, lambda: block(1))
    cache.drop(lambda key: key.startswith("old"))
    assert [key for key, _ in cache.items()] == ["new"]
    assert cache.bytes == size_of("new") + size_of(block(1))


def test_an_error_is_not_kept():
    cache = ByteCache(BLOCK)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("a", lambda: 1 / 0)
    assert cache.get_or_make("a", lambda: "whole") == "whole"


@pytest.mark.parametrize("value", [None, "", 0, False, ()])
def test_a_value_that_counts_as_false_is_kept(value):
    cache = ByteCache(BLOCK)
    cache.get_or_make("a", lambda: value)
    assert cache.get_or_make("a", lambda: "another") == value


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    labels: tuple[str, ...]


@pytest.mark.parametrize(
    "value",
    [
        block(1),
        (block(1), block(2)),
        [block(1)],
        frozenset({block(1)}),
        Slotted(block(1), (block(2), block(3))),
        ((Slotted("a", (block(4),)),),),
    ],
)
def test_it_counts_all_that_a_value_refers_to(value):
    blocks = repr(value).count("0" * (BLOCK // 2))
    assert size_of(value) >= sys.getsizeof(value) + (blocks - 1) * BLOCK
    assert size_of(value) >= blocks * BLOCK


class Interrupted(OrderedDict):
    """Lets another thread go on between any two steps, as the interpreter may."""

    def pop(self, *arguments):
        time.sleep(0)
        return super().pop(*arguments)

    def __setitem__(self, key, value):
        time.sleep(0)
        super().__setitem__(key, value)
        time.sleep(0)

    def popitem(self, last=True):
        time.sleep(0)
        return super().popitem(last)


def test_threads_get_their_own_keys_and_the_count_of_bytes_holds():
    cache = ByteCache(20 * (BLOCK + 200))
    cache._entries = Interrupted()

    def use(number: int) -> bool:
        key = number // 8 % 50
        return cache.get_or_make(key, lambda: block(key)) == block(key)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(use, range(4_000)))

    sizes = [size_of(key) + size_of(value) for key, value in cache.items()]
    assert sum(sizes) == cache.bytes <= cache.most_bytes and len(sizes) >= 19
