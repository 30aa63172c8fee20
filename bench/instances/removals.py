"""What one server takes away, every worker of the others refuses: at once, and in lists soon.

An administrator takes something away through the first server. Each worker of all servers is
asked for the list and for a grant, again and again, from before that until a while later. A grant
that was asked for after the page which says "saved" may not be given; a list may lag a little.
"""

import http.client
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.models import LocalAccount, Person
from bench.instances.browsers import FORM, Answer, Browser, ask
from bench.instances.fleet import Fleet, lines_to_workers, running
from bench.instances.people import Admins, command_line_of, sign_in
from bench.stub_aws import people
from bench.timing import Figures
from brokers import catalogue
from brokers.models import Association, State, Target
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.fault_flows import act, delete, form
from tests.support.forms import confirmed

TRIALS = 200

VICTIM = "taken"
PERSON = f"local:{VICTIM}"
GROUPS = ["developers", "analysts"]

TARGET = "dev-read"
GROUP = "local:developers"
ACCOUNT = "222222222222"

PAUSE = 0.05
"""Seconds between two questions to a worker."""

BEFORE_SECONDS = 0.2
AFTER_SECONDS = 0.8
"""How long each worker is asked before something is taken away, and after it was."""

LIST_SECONDS = 2.0
"""In which no list may offer what was taken away."""

OFFERED = re.compile(rf'<button(?![^>]* disabled)[^>]* formaction="/targets/{TARGET}/console/"')
"""The button on home that becomes the target."""


# -- what is taken away, and given back ------------------------------------------------------------
@dataclass(frozen=True)
class Removal:
    """Something that is taken away through a server, and given back in the store."""

    take: Callable[[Browser], Any]
    give_back: Callable[[], None]
    is_of_command_line: bool = False


def _associate() -> None:
    catalogue.edit(lambda writes: writes.create(Association(TARGET, GROUP)), TARGET)


def _enable_target() -> None:
    target = Target.find(TARGET)
    target.state = str(State.ENABLED)
    catalogue.edit(lambda writes: writes.save(target), TARGET)


def _enable_person() -> None:
    Person.update_item(PERSON, actions=[Person.disabled.set(False)])
    LocalAccount.update_item(VICTIM, actions=[LocalAccount.disabled.set(False)])


def _regroup() -> None:
    LocalAccount.update_item(VICTIM, actions=[LocalAccount.groups.set(GROUPS)])


def _let_all_go_on() -> None:
    Installation.update_item(STOP_SWITCH_ITEM, actions=[Installation.stopped.set(False)])


def _nothing() -> None:
    """Each trial begins with a new sign-in."""


def _end_command_lines(browser: Browser) -> Any:
    address = f"/admin/accounts/person/local_3A{VICTIM}/end-command-lines/"
    return confirmed(browser, address, confirmed="yes")


REMOVALS = {
    "an association": Removal(
        delete(f"/admin/brokers/association/{TARGET}%7Clocal_3Adevelopers/delete/"), _associate
    ),
    "a target": Removal(act("brokers/target", "disable", TARGET), _enable_target),
    "a person": Removal(
        form(f"/admin/accounts/person/local_3A{VICTIM}/change/", "person_form", disabled="on"),
        _enable_person,
    ),
    "a web session": Removal(act("accounts/person", "end_web_sessions", PERSON), _nothing),
    "a group": Removal(
        form(
            f"/admin/accounts/localaccount/{VICTIM}/change/",
            "localaccount_form",
            groups="analysts",
        ),
        _regroup,
    ),
    "all grants": Removal(
        form("/admin/cooper/installation/grants/change/", "installation_form", stopped="on"),
        _let_all_go_on,
    ),
    "a command line": Removal(
        _end_command_lines,
        _nothing,
        is_of_command_line=True,
    ),
}


# -- a trial ---------------------------------------------------------------------------------------
@dataclass
class Question:
    """A request, and whether an answer to it is a yes."""

    method: str
    address: str
    headers: dict[str, str]
    says_yes: Callable[[Answer], bool]
    body: bytes | None = None


@dataclass
class Trial:
    """What the workers answered: yes or no, in order of when they were asked."""

    lists: list[tuple[float, bool]] = field(default_factory=list)
    grants: list[tuple[float, bool]] = field(default_factory=list)
    broken: int = 0
    saved_at: float = 0.0

    def grants_after(self) -> int:
        """Return how many grants were given that were asked for after the saving."""
        return sum(is_yes for at, is_yes in self.grants if at > self.saved_at)

    def asked_after(self) -> int:
        """Return how many grants were asked for after the saving."""
        return sum(at > self.saved_at for at, _ in self.grants)

    def last_offer(self) -> float:
        """Return how many seconds after the saving a list was last asked for that offered it."""
        late = [at - self.saved_at for at, is_yes in self.lists if is_yes]
        return max([0.0, *late])

    def was_allowed_before(self) -> bool:
        """Return whether every question was a yes at first: else the trial shows nothing."""
        return all(answers and min(answers)[1] for answers in (self.lists, self.grants))


def _is_ok(answer: Answer) -> bool:
    return answer.status_code == 200


def _is_offered(answer: Answer) -> bool:
    return answer.status_code == 200 and OFFERED.search(answer.text) is not None


def _browser_questions(browser: Browser) -> tuple[Question, Question]:
    posted = browser.headers | {"Content-Type": FORM, "Accept": "application/json"}
    address = f"/targets/{TARGET}/credentials/"
    return (
        Question("GET", "/", browser.headers, _is_offered),
        Question("POST", address, posted, _is_ok, b"duration=900"),
    )


def _command_line_questions(browser: Browser) -> tuple[Question, Question]:
    headers = command_line_of(browser)
    account = f"account_id={ACCOUNT}"
    credentials = f"/sso/federation/credentials?{account}&role_name={TARGET}"
    return (
        Question("GET", f"/sso/assignment/roles?{account}", headers, _is_ok),
        Question("GET", credentials, headers, _is_ok),
    )


def _try(fleet: Fleet, removal: Removal, admin: Browser) -> Trial:
    """Take something away while every worker is asked."""
    browser = sign_in(fleet.ports[1], VICTIM)
    questions = _browser_questions(browser)
    if removal.is_of_command_line:
        questions = _command_line_questions(browser)

    trial = Trial()
    is_over = threading.Event()
    with lines_to_workers(fleet.servers) as lines:
        threads = [
            threading.Thread(target=_keep_asking, args=(line, questions, trial, is_over))
            for line in lines
        ]
        for thread in threads:
            thread.start()

        time.sleep(BEFORE_SECONDS)
        answer = removal.take(admin)
        trial.saved_at = time.monotonic()
        time.sleep(AFTER_SECONDS)

        is_over.set()
        for thread in threads:
            thread.join()
    assert answer.status_code in (200, 302), answer.text
    return trial


def _keep_asking(
    line: http.client.HTTPConnection,
    questions: tuple[Question, Question],
    trial: Trial,
    is_over: threading.Event,
) -> None:
    """Ask a worker for the list and for a grant in turn."""
    while not is_over.is_set():
        for question, answers in zip(questions, (trial.lists, trial.grants), strict=True):
            try:
                answer = ask(
                    line, question.method, question.address, question.headers, question.body
                )
            except (OSError, http.client.HTTPException):
                trial.broken += 1
                line.close()
                continue
            answers.append((answer.started, question.says_yes(answer)))
        is_over.wait(PAUSE)


# -- all of them -----------------------------------------------------------------------------------
def measure(trials: int = TRIALS) -> Figures:
    """Try each kind in turn, and return the figures."""
    done: dict[str, list[Trial]] = {kind: [] for kind in REMOVALS}
    with running() as fleet:
        people.add([VICTIM], tuple(GROUPS))
        admins = Admins(fleet.ports[0])
        for number in range(trials):
            kind = list(REMOVALS)[number % len(REMOVALS)]
            trial = _try(fleet, REMOVALS[kind], admins.next())
            assert trial.was_allowed_before(), kind
            REMOVALS[kind].give_back()
            done[kind].append(trial)
            if number % 20 == 19:
                print(f"{number + 1} of {trials} trials are over", file=sys.stderr)
        tracebacks = fleet.tracebacks()

    figures = figures_of({kind: trials for kind, trials in done.items() if trials})
    figures.note("tracebacks in the servers' logs", tracebacks, goal=0)
    return figures


def figures_of(done: dict[str, list[Trial]]) -> Figures:
    """Return the figures of all trials, and those of each kind."""
    figures = Figures("What one server takes away, at every worker of three servers (R8)")
    trials = [trial for kind in done.values() for trial in kind]
    figures.note("trials", len(trials))
    figures.note("grants asked for after it was saved", sum(map(Trial.asked_after, trials)))
    figures.note("  of these given", sum(map(Trial.grants_after, trials)), goal=0)
    last_offer = max(map(Trial.last_offer, trials))
    figures.note("last offer of a list", last_offer, goal=LIST_SECONDS, unit="s")
    figures.note("connections that broke", sum(trial.broken for trial in trials), goal=0)

    for kind, of_kind in done.items():
        last_offer = max(map(Trial.last_offer, of_kind))
        figures.note(f"  {kind}: grants given", sum(map(Trial.grants_after, of_kind)), goal=0)
        figures.note("    last offer of a list", last_offer, goal=LIST_SECONDS, unit="s", of=kind)
    return figures
