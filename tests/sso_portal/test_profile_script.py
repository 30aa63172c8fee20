"""cooper-profiles.py, the one file of ours that runs on people's computers."""

import ast
import configparser
import contextlib
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from botocore.configloader import load_config
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_portal import profile_script
from sso_portal.aws_config import Portal, Profile, config_block
from sso_portal.start_views import LABEL
from tests.support.aws_cli import SUITES_NOW, aws_cli
from tests.support.paths import ROOT

__all__ = ["aws_cli"]  # fixture

SCRIPT = ROOT / "sso_portal" / "profile_script.py"
URL = "https://cooper.example.com"
PORTAL = Portal(URL, f"{URL}/start")
COOPER = profile_script.cooper_at(URL)

READ = Profile("dev-read", "222222222222", "dev-read", "eu-west-1")
ADMIN = Profile("prod-admin", "444444444444", "Admin", "us-east-1")
AUDIT = Profile("audit", "333333333333", "Audit", "us-gov-west-1")


def block_of(*profiles: Profile, portal: Portal = PORTAL) -> bytes:
    return config_block(portal, profiles).encode()


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return where the configuration is to be, in a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    return tmp_path / ".aws" / "config"


def run(block: bytes, *options: str, url: str = URL) -> int:
    """Run the command with a block from a file; return its exit code."""
    descriptor, name = tempfile.mkstemp()
    with os.fdopen(descriptor, "wb") as file:
        file.write(block)
    code = profile_script.main([url, "--from", name, *options])
    Path(name).unlink()
    return code


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def facts_of(config: Path) -> tuple[int, ...]:
    """Return what a write would change: reading moves the time of access alone."""
    facts = config.stat()
    return facts.st_ino, facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def written(config: Path, content: bytes) -> Path:
    config.parent.mkdir(exist_ok=True)
    config.write_bytes(content)
    return config


# -- real configurations ---------------------------------------------------------------------------
OTHER_TOOLS = b"""\
[default]
region = eu-central-1
output = json
cli_pager =
s3 =
    max_concurrent_requests = 20
    multipart_threshold = 64MB

; an old-style comment
[plugins]
cli_legacy_plugin_path = /opt/plugins

[profile granted]
credential_process = granted credential-process --profile granted
granted_sso_start_url = https://d-1234567890.awsapps.com/start

# BEGIN_AWS_SSO_CLI
[profile 111111111111:Admin]
credential_process = /usr/local/bin/aws-sso -u https://x.awsapps.com/start process --arn x
# END_AWS_SSO_CLI

# >>> conda initialize >>>
# <<< conda initialize <<<

[include "../work/config"]
[profile "with space"]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = default
mfa_serial=arn:aws:iam::111111111111:mfa/me

[sso-session work]
sso_start_url = https://work.awsapps.com/start
sso_region = us-east-1
"""
REAL = {
    "empty": b"",
    "one empty line": b"\n",
    "other tools": OTHER_TOOLS,
    "crlf": OTHER_TOOLS.replace(b"\n", b"\r\n"),
    "no newline at the end": OTHER_TOOLS.rstrip(b"\n"),
    "crlf, no newline at the end": OTHER_TOOLS.rstrip(b"\n").replace(b"\n", b"\r\n"),
    "comments alone": b"# mine\n;also mine\n\n#\n",
    "byte order mark": b"\xef\xbb\xbf[default]\nregion = eu-west-1\n",
    "latin-1": b"# caf\xe9 \x85\x0c\n[default]\nregion=x\n",
    "some lines crlf": b"[default]\r\nregion = x\noutput = json\n\n# end\n",
    "old mac": b"[default]\rregion = x\r",
    "spaces": b"  \n\t\n[default]  \n  \t\n",
}


@pytest.mark.parametrize("content", REAL.values(), ids=REAL.keys())
def test_nothing_but_its_block_changes(config, content):
    written(config, content)
    assert run(block_of(READ, ADMIN)) == 0
    first = config.read_bytes()
    assert first.startswith(content)
    added = first[len(content) :].replace(b"\r\n", b"\n")
    assert added.lstrip(b"\n") == block_of(READ, ADMIN)

    # whatever stands around it, and however often
    after = b"\n[profile behind]\nregion = x"
    config.write_bytes(first + after)
    assert run(block_of(READ, AUDIT)) == 0
    again = config.read_bytes()
    assert again.startswith(content) and again.endswith(after)
    middle = again[len(content) : -len(after)].replace(b"\r\n", b"\n")
    assert middle.lstrip(b"\n") == block_of(READ, AUDIT)


@pytest.mark.parametrize("name", ["other tools", "no newline at the end", "crlf"])
def test_aws_tools_read_all_of_it(config, name):
    written(config, REAL[name])
    before = load_config(str(config))
    run(block_of(READ))
    after = load_config(str(config))
    assert after["profiles"].pop("cooper-dev-read")["sso_account_id"] == "222222222222"
    assert after["sso_sessions"].pop("cooper-cooper.example.com")
    services = after.pop("services")
    assert services["cooper-cooper.example.com"]["sso"] == {"endpoint_url": f"{URL}/sso"}
    assert {key: after.get(key) or {} for key in before} == before


def test_a_crlf_file_stays_one(config):
    run(block_of(READ))
    config.write_bytes(config.read_bytes().replace(b"\n", b"\r\n"))
    run(block_of(READ, ADMIN))
    content = config.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 20


def test_it_is_not_written_when_nothing_changes(config, capsys):
    run(block_of(READ))
    before = facts_of(config)
    assert run(block_of(READ)) == 0
    assert facts_of(config) == before
    assert capsys.readouterr().out.splitlines()[-1] == f"{config} is up to date."


def test_it_says_what_is_new_and_what_is_gone(config, capsys):
    run(block_of(READ, ADMIN))
    capsys.readouterr()
    run(block_of(READ, AUDIT))
    assert capsys.readouterr().out.splitlines()[:2] == [
        "+ profile cooper-audit",
        "- profile cooper-prod-admin",
    ]


def test_a_dry_run_shows_the_change_and_makes_none(config, capsys):
    written(config, OTHER_TOOLS + block_of(READ))
    before = facts_of(config)
    assert run(block_of(READ._replace(role_name="Other")), "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "-sso_role_name = dev-read" in lines and "+sso_role_name = Other" in lines
    assert facts_of(config) == before and names_in(config.parent) == ["config"]


def test_a_dry_run_makes_no_folder(config):
    assert run(block_of(READ), "--dry-run") == 0
    assert not config.parent.exists()


# -- the file --------------------------------------------------------------------------------------
def test_without_a_file_it_makes_one_for_its_owner_alone(config):
    assert run(block_of(READ)) == 0
    assert config.read_bytes() == block_of(READ)
    assert (config.stat().st_mode & 0o777, config.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_it_honours_aws_config_file(config, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_CONFIG_FILE", "~/${WHERE}/other")
    monkeypatch.setenv("WHERE", "conf")
    assert run(block_of(READ)) == 0
    assert (tmp_path / "conf" / "other").read_bytes() == block_of(READ)
    assert not config.exists()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_it_keeps_the_mode(config, mode):
    written(config, OTHER_TOOLS).chmod(mode)
    run(block_of(READ))
    assert config.stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root")
def test_it_keeps_the_owner_where_it_may(config):
    written(config, OTHER_TOOLS)
    os.chown(config, 65_534, 65_533)
    run(block_of(READ))
    assert (config.stat().st_uid, config.stat().st_gid) == (65_534, 65_533)


def test_it_writes_behind_a_link_and_keeps_the_link(config, tmp_path):
    target = tmp_path / "dotfiles" / "aws-config"
    target.parent.mkdir()
    target.write_bytes(OTHER_TOOLS)
    config.parent.mkdir()
    config.symlink_to("../dotfiles/middle")
    (tmp_path / "dotfiles" / "middle").symlink_to("aws-config")
    assert run(block_of(READ)) == 0
    assert config.readlink() == Path("../dotfiles/middle")
    assert target.read_bytes() == OTHER_TOOLS + block_of(READ) and not target.is_symlink()
    assert names_in(config.parent) == ["config"]


def test_a_link_to_a_file_that_is_not_there_yet_makes_it(config, tmp_path):
    (tmp_path / "dotfiles").mkdir()
    config.parent.mkdir()
    config.symlink_to(tmp_path / "dotfiles" / "new")
    assert run(block_of(READ)) == 0
    assert (tmp_path / "dotfiles" / "new").read_bytes() == block_of(READ) and config.is_symlink()


def test_a_link_to_itself_and_what_is_no_file_are_told(config, monkeypatch, capsys):
    config.parent.mkdir()
    config.symlink_to("config")
    assert run(block_of(READ)) == 1
    assert "Nothing was changed. " in capsys.readouterr().err

    # a device such as /dev/null is none either, but no fault of ours is to replace one
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config.parent))
    assert run(block_of(READ)) == 1
    assert capsys.readouterr().err == f"Nothing was changed. {config.parent} is no file.\n"


def test_a_read_only_file_stays_as_it_is(config, capsys):
    written(config, OTHER_TOOLS).chmod(0o444)
    before = facts_of(config)
    assert run(block_of(READ)) == 1
    assert capsys.readouterr().err == f"Nothing was changed. {config} is read-only.\n"
    assert facts_of(config) == before and names_in(config.parent) == ["config"]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to be somebody else")
@pytest.mark.parametrize("read_only", ["folder", "file of others", "unreadable file"])
def test_what_others_own_is_told_and_stays(read_only):
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        config = written(Path(name) / ".aws" / "config", OTHER_TOOLS)
        config.chmod(0o600 if read_only == "unreadable file" else 0o644)
        config.parent.chmod(0o755 if read_only == "folder" else 0o777)
        before = facts_of(config)
        done = script(Path(name), block_of(READ), user=65_534)
        assert done.returncode == 1 and done.stderr.startswith("Nothing was changed. ")
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
        assert facts_of(config) == before and names_in(config.parent) == ["config"]


def script(home: Path, block: bytes, *options: str, url: str = URL, user: int | None = None):
    """Run the file as people do, with no more than Python."""
    copy = home / "cooper-profiles.py"
    shutil.copyfile(SCRIPT, copy)
    copy.chmod(0o644)
    return subprocess.run(
        ["/usr/bin/python3", "-I", str(copy), url, *options, "--from", "-"],
        input=block.decode(),
        env={"HOME": str(home), "PATH": "/usr/bin"},
        user=user,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# -- several at once -------------------------------------------------------------------------------
def test_of_several_at_once_none_loses(config, tmp_path):
    written(config, OTHER_TOOLS)
    urls = [f"https://cooper-{number}.example.com" for number in range(6)]
    blocks = {}
    for number, url in enumerate(urls):
        profile = READ._replace(target=f"t-{number}")
        blocks[url] = block_of(profile, portal=Portal(url, f"{url}/start"))

    command = [sys.executable, str(SCRIPT), "--from", "-"]
    environment = {"HOME": str(tmp_path)}
    started = [
        subprocess.Popen([*command, url], stdin=subprocess.PIPE, env=environment) for url in urls
    ]
    for process, block in zip(started, blocks.values(), strict=True):
        process.stdin.write(block)
        process.stdin.close()
    assert [process.wait(timeout=120) for process in started] == [0] * len(urls)

    content = config.read_bytes()
    assert content.startswith(OTHER_TOOLS)
    assert all(block in content for block in blocks.values())
    assert len(content) == len(OTHER_TOOLS) + sum(map(len, blocks.values()))
    assert names_in(config.parent) == ["config"]


def test_it_waits_for_no_other_one_for_ever(config, monkeypatch, capsys):
    written(config, OTHER_TOOLS)
    (config.parent / "config.cooper-lock").touch()
    monkeypatch.setattr(profile_script, "PATIENCE", 0)
    assert run(block_of(READ)) == 1
    assert "If none is, remove" in capsys.readouterr().err
    assert config.read_bytes() == OTHER_TOOLS


def test_what_another_program_writes_meanwhile_is_not_lost(config, monkeypatch, capsys):
    written(config, OTHER_TOOLS)
    with_block = profile_script.with_block

    def slowly(content, lines, cooper):
        config.write_bytes(b"[default]\nregion = changed\n")
        return with_block(content, lines, cooper)

    monkeypatch.setattr(profile_script, "with_block", slowly)
    assert run(block_of(READ)) == 1
    assert "changed the file meanwhile" in capsys.readouterr().err
    assert config.read_bytes() == b"[default]\nregion = changed\n"
    assert names_in(config.parent) == ["config"]


# -- files that it refuses -------------------------------------------------------------------------
BEGIN, *_, END = block_of(READ).splitlines(keepends=True)
BLOCK = block_of(READ)
OTHER_BEGIN, OTHER_END = BEGIN.replace(b"cooper.", b"other."), END.replace(b"cooper.", b"other.")
NOT_TAKEN = {
    "no last marker": BLOCK.removesuffix(END),
    "no first marker": BLOCK.removeprefix(BEGIN),
    "twice": BLOCK + BLOCK,
    "backwards": END + BEGIN,
    "nested in itself": BEGIN + BLOCK + END,
    "another inside": BEGIN + OTHER_BEGIN + OTHER_END + END,
    "inside another": OTHER_BEGIN + BLOCK + OTHER_END,
    "crossed": BEGIN + OTHER_BEGIN + END + OTHER_END,
    "indented": b" " + BLOCK.removesuffix(END),
    "half of another": b"[default]\n" + OTHER_BEGIN + b"[profile x]\n",
    "keys behind it": BLOCK + b"# mine\n\nregion = eu-west-3\n",
    "the profile is outside too": b"[profile cooper-audit]\nregion = x\n" + BLOCK,
    "in quotes": BLOCK + b"[profile 'cooper-audit']\nregion = x\n",
    "its session": b'[ sso-session "cooper-cooper.example.com" ]\r\n',
    "its services": b"# old\r[services cooper-cooper.example.com]\rx=y\r",
}


@pytest.mark.parametrize("content", NOT_TAKEN.values(), ids=NOT_TAKEN.keys())
def test_a_file_that_is_not_plain_stays_as_it_is(config, content, capsys):
    written(config, content)
    assert run(block_of(READ, AUDIT)) == 1
    told = capsys.readouterr().err
    assert told.startswith("Nothing was changed. ") and len(told.splitlines()) == 1
    assert config.read_bytes() == content and names_in(config.parent) == ["config"]


def test_a_broken_pair_is_named_by_its_lines(config, capsys):
    written(config, b"\n" + BLOCK + BLOCK)
    run(BLOCK)
    lines = len(BLOCK.splitlines())
    numbers = f"2, {lines + 1}, {lines + 2}, {2 * lines + 1}"
    assert f"are no pair: lines {numbers}." in capsys.readouterr().err


PIECES = st.sampled_from(
    [
        *(BEGIN, END, OTHER_BEGIN, OTHER_END, BLOCK, BLOCK),
        *(b"\n", b"\r\n", b"\r", b" ", b"# note\n", b"; note\r\n", b"\xff\x00\n"),
        *(b"[default]\n", b"[profile a]\r\n", b"[profile cooper-audit]\n", b"region = x\n"),
        *(b"s3 =\n  x = y\n", b"[", b"]", b"# >>> conda initialize >>>\n"),
    ]
)


def check_any_file(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    with home() as config:
        written(config, content)
        code = run(block_of(READ, AUDIT))
        after = config.read_bytes()
        if code == 1:
            assert after == content
            return

        assert code == 0
        endings = (b"\n", b"\r\n") if lacks_newline(content) else (b"",)
        assert rest_of(after) in [rest_of(content) + ending for ending in endings]
        assert block_of(READ, AUDIT) in after.replace(b"\r\n", b"\n")
        assert run(block_of(READ, AUDIT)) == 0 and config.read_bytes() == after


def lacks_newline(content: bytes) -> bool:
    """Return whether a block at the file's end takes a newline first."""
    has_block = rest_of(content) != content
    return bool(content) and not has_block and content[-1:] not in (b"\n", b"\r")


def rest_of(content: bytes) -> bytes:
    """Return what is outside of cooper's markers."""
    begin = rb"(?:(?<=[\r\n])|\A)[ \t]*# >>> cooper cooper\.example\.com >>>"
    end = rb"[\r\n][ \t]*# <<< cooper cooper\.example\.com <<<[^\r\n]*(?:\r\n|\n|\r|\Z)"
    return re.sub(begin + rb".*?" + end, b"", content, flags=re.DOTALL)


@contextlib.contextmanager
def home():
    """Give a home of its own to one of very many tries."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as name:
        os.environ["HOME"] = name
        os.environ.pop("AWS_CONFIG_FILE", None)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield Path(name) / ".aws" / "config"
    os.environ.clear()
    os.environ.update(before)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_any_file_keeps_what_is_not_its_own(pieces):
    check_any_file(pieces)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(st.lists(PIECES, max_size=12))
def test_very_many_files_keep_what_is_not_their_own(pieces):
    check_any_file(pieces)


# -- what is served --------------------------------------------------------------------------------
SECTION = b"[profile cooper-dev-read]"
HOSTILE = {
    "a program": (b"region = eu-west-1", b"credential_process = curl evil.example"),
    "a program behind a value": (b"region = eu-west-1", b"region = x\rcredential_process = x"),
    "a program behind a role": (b"= dev-read", b"= dev-read\ncredential_process = x"),
    "a profile of the person": (SECTION, b"[profile default]"),
    "default": (SECTION, b"[default]"),
    "plugins": (SECTION, b"[plugins]"),
    "another endpoint": (b"/sso-oidc\n", b"/sso-oidc\nsts =\n  endpoint_url = https://e.example\n"),
    "another host": (b"endpoint_url = https://cooper", b"endpoint_url = https://evil"),
    "another port": (b".com/sso\n", b".com:8443/sso\n"),
    "a host behind an @": (b"https://cooper.example.com/sso\n", b"https://x@evil.example/sso\n"),
    "another start URL": (b"com/start", b"com/start/evil"),
    "a real region": (b"cooper-local-1", b"us-east-1"),
    "a further scope": (b"account:access", b"account:access,other"),
    "a session of others": (b"sso_session = cooper-cooper.", b"sso_session = other."),
    "services of others": (b"services = cooper-cooper.", b"services = other."),
    "a further key": (b"region = eu-west-1", b"region = eu-west-1\nca_bundle = /x"),
    "a role to assume": (b"region = eu-west-1", b"role_arn = arn:aws:iam::1:role/x"),
    "a long account": (b"222222222222", b"2222222222222"),
    "another alphabet": (b"222222222222", "２２２２２２２２２２２２".encode()),
    "a comment": (b"region = eu-west-1", b"region = eu-west-1 # x"),
    "a space": (b"region = ", b" region = "),
    "an escape": (b"= dev-read", b"= \x1b]0;x\x07"),
    "a null": (b"= dev-read", b"= dev\x00read"),
    "no region": (b"region = eu-west-1\n", b""),
    "no last line": (END, b""),
    "no first line": (BEGIN, b""),
    "half a head": (BLOCK[BLOCK.index(b"\n\n") : -len(END)], b"\n"),
    "a second block": (END, END + BLOCK),
    "text behind": (END, END + b"[default]\n"),
    "a marker of others": (SECTION, OTHER_BEGIN + SECTION),
    "the profile twice": (END, BLOCK[BLOCK.index(SECTION) :]),
    "another host's block": (b"cooper.example.com", b"other.example.com"),
    "http": (b"https://cooper", b"http://cooper"),
    "no ASCII": (b"= dev-read", b"= dev\xffread"),
    "a line separator": (b"= dev-read", "= dev\u2028read".encode()),
}


@pytest.mark.parametrize(("old", "new"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cooper_does_not_write_is_refused(config, old, new, capsys):
    hostile = BLOCK.replace(old, new)
    assert hostile != BLOCK
    written(config, OTHER_TOOLS)
    assert run(hostile) == 1
    told = capsys.readouterr().err
    assert told.startswith("Nothing was changed. ") and told.isprintable() is False
    assert told.removesuffix("\n").isascii() and told.removesuffix("\n").isprintable()
    assert config.read_bytes() == OTHER_TOOLS and names_in(config.parent) == ["config"]


@pytest.mark.parametrize("kept", [BLOCK.replace(b"\n", b"\r\n"), BLOCK.rstrip(b"\n")])
def test_a_block_that_was_kept_with_other_ends_of_lines_is_the_same(config, kept):
    assert run(kept) == 0
    assert config.read_bytes() == BLOCK


def test_a_line_that_is_refused_is_named(config, capsys):
    run(BLOCK.replace(b"region = eu-west-1", b"credential_process = x"))
    assert capsys.readouterr().err == (
        f"Nothing was changed. Line 17 of the block is none that {URL} writes: "
        "credential_process = x\n"
    )


@pytest.mark.parametrize("block", [b"", b"\n", b"\xff", b"<html>", b"\n" * 1_000])
def test_what_is_no_block_at_all_is_refused(config, block):
    assert run(block) == 1
    assert not config.parent.exists()


def test_a_block_is_bounded(config, capsys, monkeypatch):
    monkeypatch.setattr(profile_script, "LIMIT", len(BLOCK))
    assert run(BLOCK) == 0
    assert run(BLOCK + b"\n") == 1
    assert "too large" in capsys.readouterr().err


LINES = st.one_of(
    st.sampled_from([pair[1] for pair in HOSTILE.values()]),
    st.sampled_from(BLOCK.splitlines(keepends=True)),
    st.binary(max_size=20),
    st.text(max_size=20).map(lambda text: text.encode()),
)
KEYS = {"sso_session", "sso_account_id", "sso_role_name", "region", "services"}
SESSION_KEYS = {"sso_start_url", "sso_region", "sso_registration_scopes"}


@st.composite
def blocks(draw):
    """Return a block with lines changed, added, moved or taken out."""
    lines = block_of(READ, ADMIN).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines)))
        taken = draw(st.integers(0, 2))
        lines[place : place + taken] = draw(st.lists(LINES, max_size=2))
    return b"".join(lines)


def check_any_block(block: bytes) -> None:
    with home() as config:
        written(config, OTHER_TOOLS)
        code = run(block)
        content = config.read_bytes()
        assert content.startswith(OTHER_TOOLS)
        if code == 1:
            assert content == OTHER_TOOLS
            return

        # another reader than the script's
        parser = configparser.RawConfigParser(default_section="none of them")
        parser.read_string(content.decode().removeprefix(OTHER_TOOLS.decode()))
        for section in parser.sections():
            kind, _, name = section.partition(" ")
            keys = set(parser.options(section))
            assert name.startswith("cooper-")
            assert keys == {"profile": KEYS, "sso-session": SESSION_KEYS}.get(
                kind, {"sso", "sso_oidc"}
            )
        read = load_config(str(config))
        assert read["services"] == {
            "cooper-cooper.example.com": {
                "sso": {"endpoint_url": f"{URL}/sso"},
                "sso_oidc": {"endpoint_url": f"{URL}/sso-oidc"},
            }
        }


@settings(max_examples=200, deadline=None)
@given(st.one_of(blocks(), st.binary(max_size=200)))
def test_nothing_served_becomes_more_than_profiles(block):
    check_any_block(block)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(st.one_of(blocks(), st.binary(max_size=200)))
def test_nothing_of_very_much_served_becomes_more_than_profiles(block):
    check_any_block(block)


NAMES = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True)
PROFILES = st.builds(
    Profile,
    NAMES,
    st.from_regex("[0-9]{12}", fullmatch=True),
    NAMES,
    st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "us-iso-b-east-1"]),
)
PORTALS = st.sampled_from(
    [
        PORTAL,
        Portal("https://cooper.example.com:8443", "https://cooper.example.com:8443/start"),
        Portal("http://127.0.0.1:8000", LABEL),
        Portal("http://[::1]:8000", LABEL),
        Portal("http://localhost", LABEL),
    ]
)


@settings(max_examples=100, deadline=None)
@given(PORTALS, st.lists(PROFILES, max_size=4, unique_by=lambda profile: profile.target))
def test_the_script_takes_whatever_the_portal_writes(portal, profiles):
    cooper = profile_script.cooper_at(portal.url)
    lines = profile_script.checked_lines(block_of(*profiles, portal=portal), cooper)
    assert "\n".join([*lines, ""]).encode() == block_of(*profiles, portal=portal)
    assert cooper.session == portal.session


def test_no_two_addresses_have_the_same_session():
    hosts = ["a-b.example", "a--b.example", "a.b.example", "a.example:80", "a.example-80"]
    sessions = {profile_script.cooper_at(f"https://{host}").session for host in hosts}
    assert len(sessions) == len(hosts)


# -- the command -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    [
        "cooper.example.com",
        "http://cooper.example.com",
        "http://127.0.0.1.evil.example",
        "https://x@cooper.example.com",
        "https://cooper.example.com/path",
        "https://cooper.example.com?x",
        "https://cooper.example.com#x",
        "https://a b",
        "https://ä.example",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "",
    ],
)
def test_it_takes_an_address_of_https_or_of_this_machine(config, address):
    with pytest.raises(SystemExit) as ended:
        run(BLOCK, url=address)
    assert ended.value.code == 2


@pytest.mark.parametrize("address", [f"{URL}/", "HTTPS://Cooper.Example.com"])
def test_the_same_address_written_otherwise_is_the_same(config, address):
    assert run(BLOCK, url=address) == 0


def test_it_says_how_it_is_used(capsys):
    with pytest.raises(SystemExit) as ended:
        profile_script.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "python3 cooper-profiles.py https://cooper.example.com" in told
    assert "Exit codes:" in told


def test_a_file_that_is_not_there_is_told(config, capsys):
    assert profile_script.main([URL, "--from", "/nowhere"]) == 1
    assert "/nowhere" in capsys.readouterr().err


def test_pythons_of_3_8_read_it_and_it_takes_nothing_else():
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 8))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names | {"__future__"}


def test_it_runs_alone(config, tmp_path):
    done = script(tmp_path, BLOCK)
    assert (done.returncode, done.stderr) == (0, "")
    assert config.read_bytes() == BLOCK


def test_the_papers_name_its_sha_256():
    digest = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()
    paper = (ROOT / "docs" / "command-line.md").read_text()
    assert re.findall(r"\b[0-9a-f]{64}\b", paper) == [digest]
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    assert set(re.findall(r"\b[0-9a-f]{64}\b", unreleased)) <= {digest}


# -- AWS's own reader ------------------------------------------------------------------------------
@pytest.mark.parametrize("aws_cli", SUITES_NOW, indirect=True)
def test_the_aws_cli_reads_what_it_wrote(aws_cli, monkeypatch):
    aws_cli.configure(OTHER_TOOLS.decode())
    monkeypatch.setenv("AWS_CONFIG_FILE", str(aws_cli.home / ".aws" / "config"))
    assert run(block_of(READ, ADMIN, AUDIT)) == 0
    listed = aws_cli.run("configure", "list-profiles")
    assert set(listed.stdout.split("\n")) >= {
        *("default", "granted", "with space"),
        *("cooper-dev-read", "cooper-prod-admin", "cooper-audit"),
    }
    region = aws_cli.run("configure", "get", "region", "--profile", "cooper-audit")
    assert region.stdout.strip() == "us-gov-west-1", region.stderr
