import configparser

import pytest
from botocore.configloader import load_config

from sso_portal.aws_config import Portal, Profile, config_block

PORTAL = Portal("https://cooper.example.com", "https://cooper.example.com/start")
READ = Profile("dev-read", "222222222222", "dev-read", "eu-west-1")


def test_botocore_reads_it(tmp_path):
    (tmp_path / "config").write_text(config_block(PORTAL, [READ]))
    read = load_config(str(tmp_path / "config"))
    assert read["profiles"]["cooper-dev-read"] == {
        "sso_session": "cooper-cooper.example.com",
        "sso_account_id": "222222222222",
        "sso_role_name": "dev-read",
        "region": "eu-west-1",
        "services": "cooper-cooper.example.com",
    }
    assert read["sso_sessions"]["cooper-cooper.example.com"] == {
        "sso_start_url": "https://cooper.example.com/start",
        "sso_region": "cooper-local-1",
        "sso_registration_scopes": "sso:account:access",
    }
    services = read["services"]["cooper-cooper.example.com"]
    assert services["sso"] == {"endpoint_url": "https://cooper.example.com/sso"}
    assert services["sso_oidc"] == {"endpoint_url": "https://cooper.example.com/sso-oidc"}


def test_it_is_the_same_from_one_time_to_the_next_whatever_the_order():
    other = READ._replace(target="a-first")
    assert config_block(PORTAL, [READ, other]) == config_block(PORTAL, [other, READ])


def test_its_first_and_last_line_mark_it():
    lines = config_block(PORTAL, [READ]).splitlines()
    assert lines[0].startswith("# >>> cooper cooper.example.com >>>")
    assert lines[-1] == "# <<< cooper cooper.example.com <<<"


def test_a_name_of_every_letter_is_one_section(tmp_path):
    name = "Fed+bob=x,y.z@corp-1_2"
    (tmp_path / "config").write_text(config_block(PORTAL, [READ._replace(target=name)]))
    assert f"cooper-{name}" in load_config(str(tmp_path / "config"))["profiles"]


@pytest.mark.parametrize(
    "changes",
    [
        {"target": "a]\n[profile default"},
        {"target": "a b"},
        {"target": "ä"},
        {"target": "x" * 65 + "y" * 20},
        {"account_id": "22222222222"},
        {"account_id": "２２２２２２２２２２２２"},
        {"role_name": "a\ncredential_process = x"},
        {"role_name": "a;b"},
        {"region": "eu-west-1\nrole_arn=x"},
    ],
)
def test_it_refuses_what_would_be_more_than_a_value(changes):
    with pytest.raises(ValueError, match="cannot be written"):
        config_block(PORTAL, [READ._replace(**changes)])


@pytest.mark.parametrize("url", ["https://a b", "https://a\n", "ftp://a", "https://a/#"])
def test_it_refuses_an_address_that_is_more_than_a_host(url):
    with pytest.raises(ValueError, match="address"):
        config_block(Portal(url, "https://a/start"), [READ])


def test_it_has_these_sections_and_keys_alone():
    parser = configparser.RawConfigParser()
    parser.read_string(config_block(PORTAL, [READ]))
    kinds = {section.split()[0] for section in parser.sections()}
    assert kinds == {"profile", "sso-session", "services"}
