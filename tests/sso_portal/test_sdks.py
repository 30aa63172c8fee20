"""SDKs through their default chains: nothing but `~/.aws`, and a token that is over is renewed."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.sdk_builds import go_words, javascript_words
from tests.support.served import serving
from tests.support.sso_home import BOTO3, PROFILE, Home, Program, running, signed_in_home

DEV_READ = ":assumed-role/dev-read/alice."


@pytest.fixture
def home(store, tmp_path) -> Iterator[Home]:
    """Return a computer on which Alice is signed in, while a server runs."""
    settings = {"COOPER_EMBEDDED": "1", "COOPER_CLI_GRANTS_PER_MINUTE": "10000"}
    with serving(store.environment() | settings) as server:
        yield signed_in_home(tmp_path / "home", server, store.endpoint_url)


def check_refreshing(program: Program, home: Home) -> None:
    """Let a program use a token, and renew it once it is over."""
    answer = program.ask(PROFILE)
    assert DEV_READ in answer.get("arn", ""), answer

    before = home.token()
    home.let_token_end()
    answer = program.ask(PROFILE)
    assert DEV_READ in answer.get("arn", ""), answer
    after = home.token()
    assert after["accessToken"] != before["accessToken"]
    assert after["refreshToken"] == before["refreshToken"]


def test_boto3_signs_in_by_itself_and_renews_its_token(home):
    with running(home, *BOTO3) as program:
        check_refreshing(program, home)


@pytest.mark.soak
def test_the_sdk_for_javascript_does(home):
    with running(home, *javascript_words()) as program:
        check_refreshing(program, home)


@pytest.mark.soak
def test_the_sdk_for_go_does(home, tmp_path):
    with running(home, *go_words(tmp_path)) as program:
        check_refreshing(program, home)


@pytest.mark.soak
def test_a_loop_over_forty_profiles_works_as_cooper_comes(store, tmp_path):
    with serving(store.environment() | {"COOPER_EMBEDDED": "1"}) as server:
        home = signed_in_home(tmp_path / "home", server, store.endpoint_url)
        profile = re.search(r"(?s)\[profile cooper-dev-read\]\n(.*?)\n\n", home.config.read_text())
        with home.config.open("a") as config:
            for number in range(40):
                config.write(f"\n[profile copy-{number}]\n{profile[1]}\n")

        with running(home, *BOTO3) as program:
            answers = [program.ask(f"copy-{number}") for number in range(40)]
    assert [answer for answer in answers if DEV_READ not in answer.get("arn", "")] == []


# -- several at once -------------------------------------------------------------------------------
def renew_at_once(home: Home, processes: int, rounds: int) -> None:
    """Let programs meet, again and again, over one token that is over."""
    with ExitStack() as stack:
        programs = [stack.enter_context(running(home, *BOTO3)) for _ in range(processes)]
        for _ in range(rounds):
            home.let_token_end()
            for program in programs:
                program.send(PROFILE)
            answers = [program.receive() for program in programs]
            assert [answer for answer in answers if DEV_READ not in answer.get("arn", "")] == []


def test_four_programs_at_once_renew_one_token(home):
    renew_at_once(home, processes=4, rounds=2)


@pytest.mark.soak
def test_eight_programs_at_once_renew_one_token_twenty_times(home):
    renew_at_once(home, processes=8, rounds=20)
