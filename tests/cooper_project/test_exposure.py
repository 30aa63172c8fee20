"""What nobody gets to see: other sites, files beside the static ones, what a request had in it."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.support.addresses import addresses, filled
from tests.support.served import ROOT

PAGES = sorted(addresses())
ASSIGNMENT = re.compile(r"innerHTML\s*\+?=(?!=)\s*(?P<value>.*)")
CONSTANT = re.compile(r"""('[^']*'|"[^"]*"|`[^`$]*`);?""")

SETTINGS = """
import json, django
django.setup()
from django.conf import settings
names = ["SESSION", "CSRF"]
kinds = ["NAME", "SECURE", "HTTPONLY", "SAMESITE"]
cookies = {f"{n}_COOKIE_{k}": getattr(settings, f"{n}_COOKIE_{k}") for n in names for k in kinds}
from django.test import Client
answer = Client().get("/healthz", secure=True)
print(json.dumps(cookies | {"HSTS": answer.headers["Strict-Transport-Security"]}))
"""


def test_no_answer_lets_another_site_read_it(client_of):
    alice = client_of("alice")
    for address in PAGES:
        answer = alice.get(filled(address), headers={"Origin": "https://evil.example"})
        names = {name.lower() for name in answer.headers}
        assert not [name for name in names if name.startswith("access-control-")], address


def test_nothing_sends_a_request_back(client_of):
    alice = client_of("alice")
    for address in PAGES:
        answer = alice.trace(filled(address), headers={"X-Planted": "planted-4711"})
        assert answer.status_code != 200, address
        assert b"planted-4711" not in answer.getvalue(), address


def test_every_text_names_its_characters(client_of):
    alice = client_of("alice")
    for address in PAGES:
        answer = alice.get(filled(address))
        content_type = answer.headers.get("Content-Type", "").lower()
        assert content_type or not answer.getvalue(), address
        assert not content_type.startswith("text/") or "charset=utf-8" in content_type, address


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/cooper/",
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/.git/config",
        "/.env",
        "/manage.py",
        "/var/static/",
        "/metrics",
    ],
)
def test_no_folder_is_listed_and_no_other_file_is_served(client_of, path):
    assert client_of("carol").get(path).status_code == 404


def test_signing_out_clears_what_the_browser_keeps(client_of):
    answer = client_of("alice").post("/logout/")
    assert '"storage"' in answer.headers["Clear-Site-Data"]


def test_scripts_make_html_of_constants_alone():
    sources = sorted((ROOT / "core/static/cooper").glob("*.js"))
    values = [match["value"] for path in sources for match in ASSIGNMENT.finditer(path.read_text())]
    assert values
    assert [value for value in values if not CONSTANT.fullmatch(value.strip())] == []
    for path in sources:
        for risky in ("outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert risky not in path.read_text(), (path.name, risky)


def test_with_https_cookies_are_for_this_host_alone():
    environment = dict(os.environ) | {
        "COOPER_PUBLIC_URL": "https://cooper.example.com",
        "COOPER_REGION": "us-east-1",
        "COOPER_SECRET_KEY": "x" * 60,
        "DJANGO_SETTINGS_MODULE": "cooper_project.settings",
    }
    result = subprocess.run(
        [sys.executable, "-c", SETTINGS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = json.loads(result.stdout)
    for cookie in ("SESSION", "CSRF"):
        assert told[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
        assert told[f"{cookie}_COOKIE_SECURE"] and told[f"{cookie}_COOKIE_HTTPONLY"]
        assert told[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    assert told["HSTS"] == "max-age=31536000; includeSubDomains; preload"
