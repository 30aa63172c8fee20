"""`cooper -export` and `cooper -import` as people type them, against an embedded AWS."""

import os
import pty
import shlex
import stat
import subprocess
from collections.abc import Iterator

import pytest

from demo.seed_history import seed_history
from tests.support.served import ROOT, clean, manage, run

WRONG_USAGE = 2
ONE = "cooper: 1\nassociations:\n  staging-db:\n    local:visitors:\n"


@pytest.fixture(scope="module")
def environment(begin_anew) -> Iterator[dict[str, str]]:
    """Return the environment to reach the embedded AWS with the demo's targets."""
    with begin_anew() as aws:
        seed_history()
        yield aws.environment()


def typed(line: str, environment: dict[str, str], given: str = ""):
    words = shlex.split(line)
    return run([f"./{words[0]}", *words[1:]], environment, given)


def test_it_exports_to_stdout_or_to_a_file_for_its_owner_alone(environment, tmp_path):
    printed = typed("cooper -export", environment)
    assert (
        printed.returncode == 0
        and printed.stdout.startswith("cooper: 2\n")
        and "ciphertext" not in printed.stdout
    )
    written = typed(f"cooper -export {tmp_path}/t.yaml", environment)
    assert written.returncode == 0 and "13 targets" in written.stdout and "Next:" in written.stdout
    assert (tmp_path / "t.yaml").read_text() == printed.stdout
    assert stat.S_IMODE((tmp_path / "t.yaml").stat().st_mode) == 0o600


def test_it_warns_of_ciphertexts_that_were_asked_for(environment):
    done = typed("cooper -export -with-federation-keys", environment)
    assert done.returncode == 0 and "ciphertext:" in done.stdout and "table prefix" in done.stderr


def test_it_exits_with_1_where_it_cannot_write(environment):
    done = typed("cooper -export /nowhere/t.yaml", environment)
    assert done.returncode == 1 and "could not be written" in done.stderr


def test_it_shows_a_plan_and_changes_nothing_in_a_dry_run(environment, tmp_path):
    (tmp_path / "t.yaml").write_text(ONE)
    done = typed(f"cooper -import -dry-run {tmp_path}/t.yaml", environment)
    assert done.returncode == 0 and "local:visitors may become it, for good" in done.stdout
    assert "Nothing was changed" in done.stdout
    assert "local:visitors" not in typed("cooper -export", environment).stdout


def test_it_imports_in_steps_and_then_has_nothing_to_do(environment):
    done = typed("cooper -import -yes -", environment, ONE.replace("visitors", "twice"))
    assert done.returncode == 0 and "1 of 1 steps applied" in done.stdout and "Done." in done.stdout
    again = typed("cooper -import -yes -", environment, ONE.replace("visitors", "twice"))
    assert again.returncode == 0 and "Nothing to do" in again.stdout
    assert "local:twice:" in typed("cooper -export", environment).stdout


def test_it_steers_no_terminal(environment):
    text = ONE + 'targets:\n  dev-read:\n    kind: role\n    "\\e[31m": x\n'
    wrong = typed("cooper -import -dry-run -", environment, text)
    assert (
        wrong.returncode == 1 and "[31m is not known" in wrong.stderr and "\x1b" not in wrong.stderr
    )
    text = 'cooper: 1\naccounts:\n  "222222222222": {name: "\\e[31mDev"}\n'
    refused = typed("cooper -import -dry-run -", environment, text)
    assert refused.returncode == 1 and "one line, without control characters" in refused.stderr
    assert "\x1b" not in refused.stderr + refused.stdout


def test_it_asks_and_without_a_terminal_wants_yes(environment, tmp_path):
    (tmp_path / "t.yaml").write_text(ONE)
    done = typed(f"cooper -import {tmp_path}/t.yaml", environment)
    assert done.returncode == WRONG_USAGE and "--yes" in done.stderr
    assert "local:visitors" not in typed("cooper -export", environment).stdout


@pytest.mark.parametrize(
    ("answer", "code", "said"), [(b"no\n", 1, "Nothing was changed"), (b"yes\n", 0, "Done.")]
)
def test_it_does_what_is_answered_at_the_terminal(environment, tmp_path, answer, code, said):
    (tmp_path / "t.yaml").write_text(ONE.replace("visitors", "asked"))
    here, terminal = pty.openpty()
    words = manage("cooper_import", str(tmp_path / "t.yaml"))
    pipes = {"stdin": terminal, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(words, cwd=ROOT, env=clean(environment), text=True, **pipes)
    os.write(here, answer)
    told, _ = process.communicate(timeout=60)
    os.close(here)
    os.close(terminal)
    assert process.returncode == code and "Import this? [yes/no]" in told and said in told
    assert ("local:asked" in typed("cooper -export", environment).stdout) == (code == 0)


def test_it_says_what_is_wrong_with_a_file_and_where(environment, tmp_path):
    (tmp_path / "t.yaml").write_text("cooper: 1\ntargets:\n  a:\n    kind: x\n  b:\n    kind: y\n")
    done = typed(f"cooper -import -yes {tmp_path}/t.yaml", environment)
    assert done.returncode == 1 and "Nothing was imported" in done.stderr
    assert "t.yaml: line 4, column 11" in done.stderr and "t.yaml: line 6, column 11" in done.stderr


@pytest.mark.parametrize("line", ["-import", "-import -resume x", "-export a b"])
def test_it_exits_with_2_on_wrong_usage(environment, line):
    done = typed(f"cooper {line}", environment)
    assert done.returncode == WRONG_USAGE and done.stdout == ""


def test_it_says_when_there_is_no_file_or_nothing_to_go_on_with(environment):
    assert "could not be read" in typed("cooper -import -yes /nowhere.yaml", environment).stderr
    done = typed("cooper -import -resume", environment)
    assert done.returncode == 0 and "Nothing to do" in done.stdout
    done = typed("cooper -import -give-up", environment)
    assert done.returncode == 1 and "no unfinished import" in done.stderr


def test_it_records_who_imports_on_which_host(environment):
    typed("cooper -import -yes -", environment, ONE.replace("visitors", "recorded"))
    code = "from core.audit import AuditEvent as E; "
    code += (
        "print(*[e.details for e in E.everything() if e.event.startswith('catalogue:import:done')])"
    )
    told = run([*manage("shell"), "-c", code], environment).stdout
    assert '"os_user"' in told and '"host"' in told and '"caller": "arn:aws:iam::' in told
