#!/usr/bin/env python3
"""Write cooper's profiles into ~/.aws/config, and remove those that are gone.

    python3 cooper-profiles.py https://cooper.example.com

It takes Python 3.8 or later and nothing else, and asks cooper with the token that `aws sso login`
got. The first time there is none: take the block from the page "Set up my command line", with
`--from aws-config`, say.

It changes what stands between cooper's two marker lines, and nothing else. What cooper serves is
not trusted: each line has to be one of HEAD or PROFILE below, with the address that you gave, so
that nothing in it can run a program, or send a token elsewhere.

Exit codes: 0 done, or nothing to do; 1 refused or failed, and nothing was changed; 2 wrong
arguments; 3 sign in first.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import hashlib
import http.client
import json
import os
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LIMIT = 4_000_000  # bytes of a block; a profile has about 200
PATIENCE = 10  # seconds to wait for another one that is writing the same file

HEAD = r"""
# >>> cooper HOST >>> written by cooper; what stands here is replaced
\[sso-session SESSION\]
sso_start_url = (URL/start|https://identitycenter\.amazonaws\.com/ssoins-0000000000000000)
sso_region = cooper-local-1
sso_registration_scopes = sso:account:access

\[services SESSION\]
sso =
  endpoint_url = URL/sso
sso_oidc =
  endpoint_url = URL/sso-oidc

"""
PROFILE = r"""
\[profile cooper-[A-Za-z0-9_+=,.@-]{1,80}\]
sso_session = SESSION
sso_account_id = [0-9]{12}
sso_role_name = [A-Za-z0-9_+=,.@-]{1,80}
region = [a-z0-9-]{1,32}
services = SESSION

"""

MARKER = re.compile(rb"\s*# (>>>|<<<) cooper \S+ \1.*\s*")
ADDRESS = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?/?", re.ASCII)

SIGN_IN = """Sign in with any of cooper's profiles: aws sso login --profile cooper-NAME
If you have none yet, take the block from the page "Set up my command line": --from FILE"""


class Problem(Exception):
    """Why nothing was changed, in a sentence for the person."""

    exit_code = 1


class SignInFirst(Problem):
    """There is no token, or cooper does not take it."""

    exit_code = 3


class Cooper(NamedTuple):
    """The cooper whose profiles are written."""

    url: str
    host: str  # with its port
    session: str  # the AWS CLI keeps the token by it

    def patterns(self, template: str) -> list[str]:
        """Return a pattern for each line of HEAD or PROFILE."""
        text = template[1:-1]
        for word, value in (("URL", self.url), ("HOST", self.host), ("SESSION", self.session)):
            text = text.replace(word, re.escape(value))
        return text.split("\n")


def cooper_at(address: str) -> Cooper:
    """Return the cooper at an address; raise ArgumentTypeError for what is none."""
    match = ADDRESS.fullmatch(address.lower())
    if not match:
        raise argparse.ArgumentTypeError("give an address such as https://cooper.example.com")

    scheme, name, port = match.groups("")
    if scheme == "http" and name not in ("localhost", "127.0.0.1", "[::1]"):
        raise argparse.ArgumentTypeError("http would send your token in the clear: give https")
    host = name + port
    return Cooper(f"{scheme}://{host}", host, "cooper-" + re.sub(r"[:\[\]]", "_", host))


# -- asking cooper ---------------------------------------------------------------------------------
class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows none: the token is for one address."""

    def redirect_request(self, *_: object) -> None:
        """Return no further request: the redirect becomes an error."""


def served_block(cooper: Cooper) -> bytes:
    """Return what cooper serves for the person's token; raise Problem."""
    headers = {"Authorization": f"Bearer {_kept_token(cooper)}", "User-Agent": "cooper-profiles"}
    address = f"{cooper.url}/api/v1/aws-config"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - https or loopback
    # no proxy gets a token in the clear
    proxies: dict[str, str] | None = {} if cooper.url.startswith("http:") else None
    opener = urllib.request.build_opener(NoRedirects(), urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(request, timeout=30) as response:
            return bytes(response.read(LIMIT + 1))
    except urllib.error.HTTPError as error:
        if error.code == 401:
            raise SignInFirst(f"Your session is over. {SIGN_IN}") from error
        raise Problem(f"{cooper.url} answered {error.code}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise Problem(f"{cooper.url} cannot be reached: {_printable(str(error))}") from error


def _kept_token(cooper: Cooper) -> str:
    name = hashlib.sha1(cooper.session.encode()).hexdigest()  # noqa: S324 - so the CLI names it
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        path = Path("~/.aws/sso/cache").expanduser() / f"{name}.json"
        token = json.loads(path.read_text("utf-8"))["accessToken"]
        if re.fullmatch("[!-~]{1,4096}", token):
            return str(token)
    raise SignInFirst(f"There is no token for {cooper.host}. {SIGN_IN}")


# -- what may be served ----------------------------------------------------------------------------
def checked_lines(served: bytes, cooper: Cooper) -> list[str]:
    """Return the lines of a block; raise Problem unless each is one that cooper writes."""
    if len(served) > LIMIT:
        raise Problem("The block is too large.")

    # a browser may have kept it with other ends of lines
    text = served.replace(b"\r\n", b"\n").decode("utf-8", "replace").rstrip("\n")
    *lines, last = text.split("\n")
    head = cooper.patterns(HEAD)
    profile = cooper.patterns(PROFILE)
    patterns = head + profile * (len(lines) // len(profile) + 1)
    for number, (line, pattern) in enumerate(zip(lines, patterns), 1):
        if not re.fullmatch(pattern, line, re.ASCII):
            where = f"Line {number} of the block is none that {cooper.url} writes"
            raise Problem(f"{where}: {_printable(line)}")

    rest = len(lines) - len(head)
    if rest < 0 or rest % len(profile) or last != f"# <<< cooper {cooper.host} <<<":
        raise Problem("The block is not whole: it ends before its last line.")

    headers = [line for line in lines if line.startswith("[")]
    if len(headers) != len(set(headers)):
        raise Problem("The block has the same profile twice.")
    return [*lines, last]


def _printable(text: str) -> str:
    """Return the beginning of a text that is not trusted, so that no terminal obeys it."""
    return ascii(text[:100])[1:-1]


# -- what the file is to be ------------------------------------------------------------------------
def with_block(content: bytes, lines: list[str], cooper: Cooper) -> bytes:
    """Return the content of a file with the block in it, and the rest as it is; raise Problem."""
    before, after = _around(content, cooper)
    _demand_own_section(after)

    newline = b"\r\n" if content.count(b"\r\n") * 2 > content.count(b"\n") else b"\n"
    block = b"".join(line.encode() + newline for line in lines)
    twins = _sections(block) & _sections(b"".join([*before, *after]))
    if twins:
        name = min(twins).decode()
        raise Problem(f"The file has [{name}] outside of cooper's markers too: keep one of them.")

    if before and not before[-1].endswith((b"\n", b"\r")):
        block = newline + block
    return b"".join([*before, block, *after])


def _around(content: bytes, cooper: Cooper) -> tuple[list[bytes], list[bytes]]:
    """Return the lines before the block and those after it; without one, it is to be the last."""
    lines = content.splitlines(keepends=True)
    marked = [place for place, line in enumerate(lines) if MARKER.fullmatch(line)]
    arrows = [lines[place].split()[1] for place in marked]
    hosts = [lines[place].split()[3] for place in marked]

    pairs = len(marked) // 2
    is_paired = arrows == [b">>>", b"<<<"] * pairs and hosts[::2] == hosts[1::2]
    if not is_paired or len(set(hosts)) != pairs:
        numbers = ", ".join(str(place + 1) for place in marked)
        raise Problem(
            f"cooper's marker lines are no pair: lines {numbers}. Put them right by hand."
        )

    host = cooper.host.encode()
    if host not in hosts:
        return lines, []
    first = hosts.index(host)
    return lines[: marked[first]], lines[marked[first + 1] + 1 :]


def _demand_own_section(after: list[bytes]) -> None:
    """Refuse lines after the block that belong to its last profile."""
    texts = (line.strip() for line in after)
    first = next((text for text in texts if text and text[:1] not in b"#;"), b"[")
    if not first.startswith(b"["):
        raise Problem("After cooper's last marker line, the file goes on without a [section].")


def _sections(content: bytes) -> set[bytes]:
    """Return the names of sections as AWS's tools read them: quotes count for nothing."""
    names = re.findall(rb"(?m)^[ \t]*\[(.+)\]", content.replace(b"\r", b"\n"))
    return {b" ".join(re.sub(rb"[\"']", b"", name).split()) for name in names}


# -- the file --------------------------------------------------------------------------------------
def config_path() -> Path:
    """Return the file that AWS's tools read, behind all links; raise Problem."""
    name = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    path = Path(os.path.expandvars(name)).expanduser().resolve()
    if path.exists() and not path.is_file():
        raise Problem(f"{path} is no file.")
    return path


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = path.with_name(path.name + ".cooper-lock")
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            lock.touch(0o600, exist_ok=False)
            break
        except FileExistsError as error:
            if time.monotonic() > give_up:
                raise Problem(f"Another one is writing. If none is, remove {lock}") from error
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink()


def _replace(path: Path, before: bytes, content: bytes) -> None:
    """Write the file whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=str(path.parent), prefix=".cooper-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

        if path.exists():
            _keep_mode(path, temporary)
        if _read(path) != before:
            raise Problem("Another program changed the file meanwhile. Run this again.")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _keep_mode(path: Path, temporary: Path) -> None:
    facts = path.stat()
    # the superuser may write any file; one that nobody may write is meant to stay as it is
    if not facts.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise Problem(f"{path} is read-only.")

    with contextlib.suppress(OSError, AttributeError):
        os.chown(temporary, facts.st_uid, facts.st_gid)
    temporary.chmod(facts.st_mode & 0o7777)


# -- the command -----------------------------------------------------------------------------------
def update(path: Path, lines: list[str], cooper: Cooper) -> None:
    """Bring the block in a file up to date, and print what is new or gone; raise Problem."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with _locked(path):
        before = _read(path)
        content = with_block(before, lines, cooper)
        if content != before:
            _replace(path, before, content)

    new = _sections(content)
    for name in sorted(new ^ _sections(before)):
        print("+" if name in new else "-", _printable(name.decode("utf-8", "replace")))
    print(f"{path} is up to date.")


def show(path: Path, lines: list[str], cooper: Cooper) -> None:
    """Print what `update` would change; raise Problem."""
    before = _read(path)
    content = with_block(before, lines, cooper)
    old = before.decode("utf-8", "replace").splitlines()
    new = content.decode("utf-8", "replace").splitlines()
    for line in difflib.unified_diff(old, new, str(path), str(path), n=0, lineterm=""):
        print(_printable(line))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cooper", type=cooper_at, help="its address: https://cooper.example.com")
    parser.add_argument("--from", dest="file", help="take the block from FILE, or - for stdin")
    parser.add_argument("--dry-run", action="store_true", help="show what would change")
    options = parser.parse_args(arguments)
    try:
        served = _block_from(options.file) if options.file else served_block(options.cooper)
        lines = checked_lines(served, options.cooper)
        (show if options.dry_run else update)(config_path(), lines, options.cooper)
    except (Problem, OSError, RuntimeError) as error:
        # a link that leads to itself, and no home, are a RuntimeError of older Pythons
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, Problem) else 1
    return 0


def _block_from(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(LIMIT + 1)
    with Path(name).open("rb") as file:
        return file.read(LIMIT + 1)


if __name__ == "__main__":
    sys.exit(main())
