"""The measurements of several servers notice what they are for, and the papers' proxies work."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.instances import bulkhead
from bench.instances.metrics_pages import MetricsPages, grants_done
from bench.instances.outages import Answer, _wrong
from bench.instances.pace import Load, Outcome
from bench.instances.removals import OFFERED, Trial, figures_of
from bench.instances.steady import _growth, _slope
from bench.timing import Figures
from tests.support import proxies
from tests.support.loopback_server import LoopbackServer, QuietHandler, running
from tests.support.served import free_port

REQUESTS = 9


# -- figures ---------------------------------------------------------------------------------------
def trial(*, grant: bool = False, offer_after: float = 0.0) -> Trial:
    """Return a trial in which something was taken away at the third second."""
    lists = [(1.0, True), (3.0 + offer_after, True), (9.0, False)]
    return Trial(lists, [(1.0, True), (3.5, grant), (9.0, False)], saved_at=3.0)


def test_removals_notice_a_grant_and_a_list_that_come_too_late():
    assert not figures_of({"a person": [trial(offer_after=1.9)]}).missed()
    late = figures_of({"a person": [trial(), trial(grant=True)]}).missed()
    assert late == ["  of these given", "  a person: grants given"]
    offered = figures_of({"a person": [trial(offer_after=2.1), trial()]}).missed()
    assert offered == ["last offer of a list", "    last offer of a list"]


def test_a_trial_in_which_nothing_was_allowed_before_shows_nothing():
    assert trial().was_allowed_before()
    assert not Trial(lists=[(1.0, False)], grants=[(1.0, True)]).was_allowed_before()
    assert not Trial(lists=[(1.0, True)]).was_allowed_before()


def test_home_offers_the_target_until_its_buttons_are_disabled(client_of):
    page = client_of("alice").get("/").text
    assert OFFERED.search(page)
    assert not OFFERED.search(page.replace("<button", "<button disabled"))


def test_a_load_knows_its_failures_and_its_gaps():
    load = Load(1.0, iter(()))
    load.outcomes = [Outcome("page", at, at + 0.1, 200) for at in (0.0, 1.0, 4.0)]
    load.outcomes.append(Outcome("page", 2.0, 2.1, 502))
    assert [outcome.status for outcome in load.failed()] == [502]
    assert load.longest_gap() == pytest.approx(3.0)


def test_stalled_sts_is_noticed_in_others_pages_and_in_who_is_told():
    def loaded(kind, seconds, *statuses):
        load = Load(1.0, iter(()))
        load.outcomes = [Outcome(kind, 0.0, seconds, status) for status in statuses]
        return load

    def missed(presses, page_seconds):
        figures = Figures("")
        bulkhead._note_presses(figures, presses)
        looks = loaded("page", page_seconds, 200)
        looks.outcomes += loaded("healthz", 0.01, 200).outcomes
        bulkhead._note_looks(figures, looks, looks)
        return figures.missed()

    assert missed(loaded("console", 9.0, 503, 503), 0.1) == []
    assert len(missed(loaded("console", 9.0, 503, 200), 0.1)) == 1
    assert len(missed(loaded("console", 11.0, 503), 0.6)) == 2


def test_outages_notice_statuses_and_words_of_aws():
    headers = http.client.HTTPMessage()
    assert list(_wrong(Answer(503, "busy", headers, 0.0, 0.0))) == ["no request id"]
    headers["X-Request-Id"] = "r"
    assert not list(_wrong(Answer(503, "busy", headers, 0.0, 0.0)))
    assert list(_wrong(Answer(500, "", headers, 0.0, 0.0))) == ["status 500"]
    assert list(_wrong(Answer(503, "in cooper-people", headers, 0.0, 0.0)))


def test_growth_is_by_the_hour_and_without_what_is_open_for_a_moment():
    assert _slope([0.0, 0.5, 1.0], [100.0, 104.0, 108.0]) == pytest.approx(8.0)
    assert _growth([1, 1, 1, 1, 7, 5, 9, 6]) == 1


def test_figures_name_what_they_miss():
    figures = Figures("")
    figures.note("kept", 1, goal=1)
    figures.note("missed", 2, goal=1)
    assert figures.missed() == ["missed"]


# -- metrics pages ---------------------------------------------------------------------------------
PAGE = b"""# TYPE cooper_grants_total counter
cooper_grants_total{outcome="done",way="console"} 3.0
cooper_grants_total{outcome="refused",way="console"} 5.0
cooper_grants_total{outcome="done",way="credentials"} 4.0
"""


class _Page(QuietHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 404)
        self.end_headers()
        self.wfile.write(PAGE)


def test_grants_of_all_metrics_pages_are_added_up() -> None:
    served = LoopbackServer(_Page)
    with running(served):
        pages = MetricsPages([served.server_port] * 2)
        assert grants_done(pages.fetch()) == 2 * (3 + 4)
    assert len(pages.seconds) == 2
    assert pages.longest == len(PAGE)


# -- proxies ---------------------------------------------------------------------------------------
class _Ok(QuietHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def server() -> Iterator[int]:
    served = LoopbackServer(_Ok)
    with running(served):
        yield served.server_port


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_a_documented_proxy_passes_by_servers_that_are_down(name: str, tmp_path: Path) -> None:
    pem = proxies.write_certificate(tmp_path)
    tls = ssl.create_default_context(cafile=str(pem))
    config = proxies.documented(name, "capacity.md")
    port = free_port()
    with (
        server() as up,
        getattr(proxies, name)(config, port, [free_port(), up, free_port()], pem),
    ):
        for _ in range(REQUESTS):
            line = http.client.HTTPSConnection("localhost", port, timeout=60, context=tls)
            with closing(line) as connection:
                connection.request("GET", "/healthz")
                assert connection.getresponse().status == 200
