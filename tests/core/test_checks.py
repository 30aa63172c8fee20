"""Settings that make no sense are told before anybody is served."""

import re
from collections import Counter

import pytest
from django.core import checks

from core.installation import SCHEMA, Installation
from tests.support.paths import PACKAGES, ROOT
from tests.support.served import manage, run

PRODUCTION = {
    "COOPER_PUBLIC_URL": "https://cooper.example.com",
    "COOPER_REGION": "eu-west-1",
    "COOPER_KMS_KEY": "alias/cooper",
    "COOPER_TRUSTED_PROXIES": "10.0.0.0/24",
    "COOPER_SECRET_KEY": "4e1f7c0c2e9b4b0fa4a94d2d6a5c9d3e7a1b8c6f5d4e3c2b1a0",
}


def ids(*, deploy: bool = True) -> set[str]:
    return {
        each.id for each in checks.run_checks(tags=["cooper"], include_deployment_checks=deploy)
    }


@pytest.fixture
def good(settings):
    settings.COOPER_DEV_ENDPOINTS = False
    settings.COOPER_SIGNIN_URL = ""
    settings.COOPER_SECRET_KEY = PRODUCTION["COOPER_SECRET_KEY"]
    settings.COOPER_REGION = "eu-west-1"
    settings.COOPER_PUBLIC_URL = "https://cooper.example.com"
    settings.ALLOWED_HOSTS = ["cooper.example.com"]
    settings.COOPER_TRUSTED_PROXIES = ["10.0.0.0/24"]
    return settings


@pytest.fixture(autouse=True)
def no_endpoints(monkeypatch):
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_KMS",
        "AWS_ENDPOINT_URL_STS",
    ):
        monkeypatch.delenv(name, raising=False)


def test_each_id_is_of_one_check():
    texts = [path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    count = Counter(re.findall(r'id="(cooper\.[A-Z][0-9]+)"', "".join(texts)))
    assert len(count) > 20
    assert {id_ for id_, number in count.items() if number > 1} == set()


def test_it_finds_nothing_wrong_with_good_settings(good):
    assert ids() == set()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("COOPER_ADMIN_GROUPS", [], "cooper.E001"),
        ("COOPER_ADMIN_GROUPS", ["Bad Group:x"], "cooper.E002"),
        ("COOPER_ADMIN_GROUPS", ["okta:"], "cooper.E002"),
        ("COOPER_ADMIN_GROUPS", ["okta:CN=admins", "OU=Groups"], "cooper.E002"),
        ("COOPER_ADMIN_GROUPS", ["local:okta:prod-admins"], "cooper.E002"),
        ("COOPER_AUDITOR_GROUPS", ["DC=example"], "cooper.E002"),
        ("COOPER_DEVICE_CODE", ["Bad Group:x"], "cooper.E002"),
        ("COOPER_REGION", "Frankfurt", "cooper.E003"),
        ("COOPER_PUBLIC_URL", "http://cooper.example.com", "cooper.E004"),
        ("COOPER_BIND", "nonsense", "cooper.E005"),
        ("COOPER_BIND", "127.0.0.1:99999", "cooper.E005"),
        ("COOPER_SIGNIN_URL", "https://signin.evil.example/federation", "cooper.E007"),
        ("COOPER_SIGNIN_URL", "http://signin.aws.amazon.com/federation", "cooper.E007"),
        ("COOPER_TRUSTED_PROXIES", ["nonsense"], "cooper.E008"),
        ("COOPER_TRUSTED_PROXIES", ["0.0.0.0/0"], "cooper.E009"),
        ("COOPER_REGION", "", "cooper.E010"),
        ("COOPER_DEV_ENDPOINTS", True, "cooper.W001"),
        ("COOPER_MAX_SESSION", 129_600, "cooper.W002"),
        ("COOPER_TRUSTED_PROXIES", [], "cooper.I001"),
        ("COOPER_SECRET_KEY", "x" * 49, "cooper.E013"),
        ("ALLOWED_HOSTS", ["cooper.example.com", "*"], "cooper.E015"),
        ("DEBUG", True, "cooper.E016"),
    ],
)
def test_it_finds_each_thing_that_makes_no_sense(good, name, value, expected):
    setattr(good, name, value)
    assert expected in ids()


@pytest.mark.parametrize(
    "url",
    [
        "http://dynamodb.eu-west-1.amazonaws.com",
        "https://evil.example",
        "http://127.0.0.1:8000",
        "nonsense",
    ],
)
def test_it_refuses_endpoints_that_are_not_awss(good, monkeypatch, url):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    assert "cooper.E006" in ids()


@pytest.mark.parametrize(
    "url",
    ["https://sts.eu-west-1.amazonaws.com", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com"],
)
def test_it_takes_awss_own_endpoints(good, monkeypatch, url):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    assert ids() == set()


def test_it_takes_a_listed_vpc_endpoint_for_the_sign_in(good):
    good.COOPER_SIGNIN_URL = "https://vpce-1.signin.eu-west-1.vpce.amazonaws.com/federation"
    assert "cooper.E007" in ids()
    good.COOPER_VPC_ENDPOINTS = ["vpce-1.signin.eu-west-1.vpce.amazonaws.com"]
    assert ids() == set()


def test_it_refuses_plain_http_that_others_can_reach(good):
    good.COOPER_PUBLIC_URL, good.COOPER_BIND = "", "0.0.0.0:8000"
    assert "cooper.E012" in ids()
    good.COOPER_INSECURE_HTTP = True
    assert "cooper.E012" not in ids()


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o600, set()), (0o640, {"cooper.E014"}), (0o604, {"cooper.E014"})]
)
def test_it_refuses_a_file_with_the_secret_key_that_others_can_read(
    good, monkeypatch, tmp_path, mode, expected
):
    (tmp_path / "key").touch(mode=mode)
    (tmp_path / "key").chmod(mode)
    monkeypatch.setenv("COOPER_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert ids() == expected


def test_it_is_clean_under_production_settings():
    done = run(manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION)
    assert done.returncode == 0 and "no issues" in done.stdout + done.stderr, (
        done.stdout + done.stderr
    )


@pytest.mark.parametrize(
    ("proxies", "header", "status"),
    [([], "", 200), (["127.0.0.1"], "", 301), (["127.0.0.1"], "https", 200)],
)
def test_it_never_redirects_to_https_for_ever(client_of, settings, proxies, header, status):
    settings.COOPER_PUBLIC_URL, settings.SECURE_SSL_REDIRECT = "https://testserver", True
    settings.COOPER_TRUSTED_PROXIES = proxies
    assert (
        client_of(None).get("/login/", headers={"x-forwarded-proto": header}).status_code == status
    )


def test_it_does_not_believe_a_stranger_who_says_https(client_of, settings):
    settings.COOPER_PUBLIC_URL, settings.SECURE_SSL_REDIRECT = "https://testserver", True
    settings.COOPER_TRUSTED_PROXIES = ["10.0.0.1"]
    assert client_of(None).get("/login/", headers={"x-forwarded-proto": "https"}).status_code == 301


# -- what serving refuses, in a process of its own -------------------------------------------------
def test_it_refuses_the_demos_tables_without_being_told_that_it_is_one(store):
    done = run(manage("cooper_serve"), store.environment())
    assert done.returncode == 1 and "demo's people" in done.stderr


def test_it_refuses_tables_of_a_newer_cooper(store):
    found = Installation.find("schema")
    found.value = str(SCHEMA + 1)
    found.save()
    for command in ("cooper_serve", "cooper_setup"):
        done = run(manage(command), store.environment())
        assert done.returncode == 1 and "Install the newer cooper" in done.stderr


def test_it_refuses_the_embedded_aws_on_an_address_that_others_reach():
    done = run(manage("cooper_demo", "--bind", "0.0.0.0:8123"), {})
    assert done.returncode == 1 and "this machine alone" in done.stderr
