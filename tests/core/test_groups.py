"""How groups are written, alone and in a list between commas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.groups import split_group, split_groups

DN = "okta:CN=admins,OU=Groups,DC=example"


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", []),
        (" , ,", []),
        ("local:admins,okta:chiefs", ["local:admins", "okta:chiefs"]),
        (" local:admins , okta:chiefs ,", ["local:admins", "okta:chiefs"]),
        (r"okta:CN=admins\,OU=Groups\,DC=example,local:admins", [DN, "local:admins"]),
        (r"adfs:CORP\admins", [r"adfs:CORP\admins"]),
        (r"adfs:a\\,adfs:b", ["adfs:a\\", "adfs:b"]),
        (r"okta:CN=Doe\\\, J", [r"okta:CN=Doe\, J"]),
    ],
)
def test_it_reads_a_list_and_a_comma_within_a_name(text, groups):
    assert split_groups(text) == groups


@given(st.lists(st.text(st.sampled_from("ab=,\\: "), min_size=1).map(lambda name: f"x{name}x")))
def test_it_reads_every_name_that_is_written_so(groups):
    written = [group.replace("\\", "\\\\").replace(",", "\\,") for group in groups]
    assert split_groups(",".join(written)) == groups


@pytest.mark.parametrize("text", ["local:okta:prod-admins", "local::x", "local:a:"])
def test_a_local_group_cannot_look_like_another_provider_s(text):
    with pytest.raises(ValueError, match="local group"):
        split_group(text)
