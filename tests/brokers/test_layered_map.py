"""A layered map says what a dict says that had the same changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import layered_map
from brokers.layered_map import LayeredMap, layered

KEYS = st.sampled_from("abcdefg")
CHANGES = st.lists(st.tuples(st.dictionaries(KEYS, st.integers(), max_size=3), st.sets(KEYS)))


@pytest.mark.parametrize("most_changes", [2, 1_000])
@given(base=st.dictionaries(KEYS, st.integers()), changes=CHANGES)
def test_it_has_what_a_dict_has(
    most_changes: int, base: dict[str, int], changes: list[tuple[dict[str, int], set[str]]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layered_map, "MOST_CHANGES", most_changes)
        expected = dict(base)
        mapping = layered(base)
        for changed, removed in changes:
            before = mapping
            contents_before = dict(before.items())
            mapping = mapping.changed(changed, removed)
            assert dict(before.items()) == contents_before

            expected |= changed
            for key in removed:
                expected.pop(key, None)
            assert mapping == expected and len(mapping) == len(expected)
            assert set(mapping) == set(expected) and len(list(mapping)) == len(expected)
            assert all(mapping.get(key) == expected.get(key) for key in "abcdefg")
            assert all((key in mapping) == (key in expected) for key in "abcdefg")


def test_it_shares_the_large_mapping_until_much_has_changed() -> None:
    large = {str(number): number for number in range(5_000)}
    mapping = layered(large).changed({"1": 0}).changed({}, ["2"])
    assert mapping._base is large
    assert isinstance(mapping, LayeredMap) and "5000 entries" not in repr(mapping)

    changes = {str(number): 0 for number in range(1_200)}
    assert mapping.changed(changes)._base is not large
