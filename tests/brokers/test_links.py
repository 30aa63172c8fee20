"""Links to pages of the console: what they show, and that nothing happens without a click."""

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from brokers import catalogue
from brokers.models import Target
from core.dynamo import transaction
from core.installation import STOP_SWITCH_ITEM, Installation
from tests.support.codes import give_device

ACCOUNT = "222222222222"
INSTANCES = "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:"
QUICK_CREATE = (
    "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1"
    "#/stacks/quickcreate?templateURL=https%3A%2F%2Fs3.amazonaws.com%2Fevil%2Ft.yaml"
)

DESTINATIONS = re.compile(r'name="destination" value="([^"]*)"( checked)?')


def go_to(target: str, destination: str = "", **parameters: str) -> str:
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in parameters.items())
    return f"/go/{target}/?destination={quote(destination, safe='')}&{query}"


def go_by(url: str) -> str:
    return f"/go/?url={quote(url, safe='')}"


def destinations(page: str) -> list[str]:
    """Return the destinations of a page's form, the one that is sent by itself first."""
    fields = DESTINATIONS.findall(page)
    fields.sort(key=lambda field: not field[1])
    return [unescape(value) for value, _ in fields]


def names_in_order(page: str) -> list[str]:
    return re.findall(r'href="/go/([^/"]+)/\?', page)


def edit(name: str, **values: object) -> None:
    target = Target.find(name)
    assert target is not None
    for key, value in values.items():
        setattr(target, key, value)
    catalogue.edit(lambda writes: writes.save(target), name)


# -- to a target
def test_a_link_shows_all_that_it_does_and_does_nothing(client_of, store):
    issued = len(store.issued)
    answer = client_of("alice").get(go_to("dev-read", INSTANCES))
    assert answer.status_code == 200 and len(store.issued) == issued
    assert "Development, read only" in answer.text and ACCOUNT in answer.text
    assert destinations(answer.text) == [INSTANCES]
    assert "autofocus" not in answer.text


def test_its_click_lands_on_that_very_page(client_of):
    browser = client_of("alice")
    page = browser.get(go_to("dev-read", INSTANCES)).text
    answer = browser.post("/targets/dev-read/console/", {"destination": destinations(page)[0]})
    landed = parse_qs(urlsplit(answer.headers["Location"]).query)["Destination"]
    assert landed == [INSTANCES]


@pytest.mark.parametrize(
    ("destination", "region", "landed"),
    [
        ("", "", "https://console.aws.amazon.com/console/home"),
        ("", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"),
        ("/s3/home", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/s3/home"),
        (INSTANCES, "eu-west-1", INSTANCES),
        ("https://health.aws.amazon.com/health/home#/x?y=%2F", "", None),
        (
            f"https://{ACCOUNT}-abcd1234.eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:",
            "",
            INSTANCES,
        ),
    ],
)
def test_it_leads_where_it_says(client_of, destination, region, landed):
    edit("dev-read", region=None, destination=None)
    answer = client_of("alice").get(go_to("dev-read", destination, region=region))
    assert answer.status_code == 200
    assert destinations(answer.text) == [landed or destination]


@pytest.mark.parametrize(
    ("destination", "region", "why"),
    [
        ("https://evil.example/", "", "not an address of the AWS console"),
        ("https://signin.aws.amazon.com/oauth", "", "AWS&#x27;s sign-in"),
        ("https://console.amazonaws.cn/ec2/home", "", "partition aws-cn"),
        (INSTANCES, "us-east-1", "two regions"),
        ("/s3/home", "evil.example/", "not a region"),
        ("https://999999999999-abcd1234.eu-west-1.console.aws.amazon.com/", "", "999999999999"),
    ],
)
def test_it_says_why_a_link_cannot_be_followed(client_of, destination, region, why):
    answer = client_of("alice").get(go_to("dev-read", destination, region=region))
    assert answer.status_code == 400
    assert why in answer.text
    assert '<form method="post" class="stack' not in answer.text


def test_unknown_and_not_yours_answer_alike(client_of):
    browser = client_of("bob")
    pages = []
    for name in ("dev-read", "no-such-target"):
        for destination in (INSTANCES, "https://evil.example/"):
            answer = browser.get(go_to(name, destination))
            assert answer.status_code == 404
            pages.append(answer.text.replace(answer.headers["X-Request-Id"], "ID"))
    without_tokens = {re.sub(r'value="\w{64}"', "", page) for page in pages}
    assert len(without_tokens) == 1


def test_a_target_that_takes_a_code_takes_it_there(client_of):
    answer = client_of("alice").get(go_to("prod-admin", INSTANCES))
    assert 'name="code"' not in answer.text and "Set up a device first" in answer.text

    give_device("alice")
    answer = client_of("alice").get(go_to("prod-admin", INSTANCES))
    assert 'name="code"' in answer.text and "takes a code" in answer.text
    assert destinations(answer.text) == [INSTANCES]


def test_a_target_that_demands_a_reason_takes_it_there(client_of):
    assert 'name="reason"' not in client_of("alice").get(go_to("dev-read")).text
    edit("dev-read", reason_pattern="INC-[0-9]{4}", reason_example="INC-4711")
    assert 'name="reason"' in client_of("alice").get(go_to("dev-read")).text


def test_a_target_s_page_has_its_link(client_of):
    """Without JavaScript it is one to follow or copy; a script puts a button in its place."""
    page = client_of("alice").get("/targets/dev-read/").text
    assert re.search(r'href="/go/dev-read/" data-copy-link>Link to Development, read only<', page)


# -- a link is a loaded gun
@pytest.mark.parametrize(
    ("site", "text"),
    [
        ("cross-site", "came from another site"),
        ("same-site", "came from another site"),
        ("none", "typed, or comes from a bookmark"),
        ("same-origin", "does not say where"),
        ("", "does not say where"),
    ],
)
def test_it_says_where_the_link_came_from(client_of, site, text):
    headers = {"Sec-Fetch-Site": site} if site else {}
    for address in (go_to("dev-read"), go_by(INSTANCES)):
        assert text in client_of("alice").get(address, headers=headers).text


def test_a_page_that_begins_an_action_is_chosen_by_hand(client_of):
    page = client_of("alice").get(go_to("dev-read", QUICK_CREATE)).text
    front, own = destinations(page)
    assert front == "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1"
    assert own == QUICK_CREATE
    assert "creates or changes a CloudFormation stack" in page
    assert "templateURL=https://s3.amazonaws.com/evil/t.yaml" in page


def test_enter_has_nothing_to_press(client_of):
    """A form's first button is the one that Enter presses; a disabled one is pressed by nothing."""
    page = client_of("alice").get(go_to("dev-read", INSTANCES)).text
    form = page[page.index("link-form") :]
    first_button = re.search(r"<button[^>]*>", form)
    assert first_button is not None and first_button[0] == "<button disabled hidden>"


# -- by an address of the console
def test_an_address_offers_what_the_person_may_become_there(client_of):
    edit("dev-read", rank=1)
    url = INSTANCES.replace("https://", f"https://{ACCOUNT}-abcd1234.")
    answer = client_of("alice").get(go_by(url))
    assert answer.status_code == 200
    assert 'action="/targets/dev-read/console/"' in answer.text
    assert destinations(answer.text) == [INSTANCES]


def test_it_picks_none_where_nobody_has_said_which_is_the_least_powerful(client_of):
    url = INSTANCES.replace("https://", f"https://{ACCOUNT}-abcd1234.")
    answer = client_of("alice").get(go_by(url))
    assert "Open it as which target?" in answer.text
    assert len(names_in_order(answer.text)) > 1


def test_the_least_powerful_comes_first(client_of):
    answer = client_of("alice").get(go_by(INSTANCES))
    names = names_in_order(answer.text)
    assert len(names) > 2 and "does not say in which AWS account" in answer.text

    last = names[-1]
    edit(last, rank=0)
    assert names_in_order(client_of("alice").get(go_by(INSTANCES)).text)[0] == last
    edit(last, rank=6)
    edit(names[0], rank=5)
    assert names_in_order(client_of("alice").get(go_by(INSTANCES)).text)[:2] == [names[0], last]


def test_an_arn_in_an_address_says_whose_page_it_probably_is(client_of):
    url = (
        "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/"
        f"details/arn%3Aaws%3Astates%3Aeu-west-1%3A{ACCOUNT}%3Aexecution%3Aa%3Ab"
    )
    page = client_of("alice").get(go_by(url)).text
    assert page.index("AWS account that it names") < page.index("dev-read")
    assert page.index("dev-read") < page.index("In other AWS accounts")


@pytest.mark.parametrize("account_id", ["999999999999", "444444444444"])
def test_whom_to_ask_where_nothing_leads_there(client_of, account_id):
    with transaction() as writes:
        switch = Installation.find(STOP_SWITCH_ITEM)
        switch.default_contact = "cloud-team@example.com"
        writes.save(switch)
    url = INSTANCES.replace("https://", f"https://{account_id}-abcd1234.")
    answer = client_of("bob").get(go_by(url))
    assert answer.status_code == 404
    assert account_id in answer.text and "cloud-team@example.com" in answer.text
    assert "Your groups" in answer.text


def test_a_pasted_address_is_kept_as_it_is(client_of):
    edit("dev-read", rank=1)
    pasted = f"https://{ACCOUNT}-abcd1234.eu-west-1.console.aws.amazon.com/s3/buckets/b?prefix=a%2Fb+c&region=eu-west-1"
    page = client_of("alice").get(f"/go/?url={pasted}").text
    assert destinations(page) == [pasted.replace(f"{ACCOUNT}-abcd1234.", "")]


@pytest.mark.parametrize("url", ["https://evil.example/", "x", "https://signin.aws.amazon.com/"])
def test_what_is_no_address_of_the_console_is_refused_and_kept(client_of, url):
    answer = client_of("alice").get(go_by(url))
    assert answer.status_code == 400
    assert f'value="{url}"' in answer.text and "errorlist" in answer.text


def test_without_an_address_it_asks_for_one(client_of):
    answer = client_of("alice").get("/go/")
    assert answer.status_code == 200 and 'name="url"' in answer.text


# -- shortcuts of Identity Center
@pytest.mark.parametrize("role_name", ["dev-read", "DEV-READ", ""])
def test_a_shortcut_leads_to_the_target_of_that_role(client_of, role_name):
    query = f"account_id={ACCOUNT}&role_name={role_name}&destination={quote(INSTANCES, safe='')}"
    answer = client_of("alice").get(f"/start/console?{query}")
    assert answer.status_code == 200
    if role_name:
        assert 'action="/targets/dev-read/console/"' in answer.text
        assert destinations(answer.text) == [INSTANCES]
    else:
        assert "Open it as which target?" in answer.text
        assert "dev-read" in names_in_order(answer.text)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"account_id={ACCOUNT}&role_name=nowhere", 404),
        ("account_id=999999999999&role_name=dev-read", 404),
        ("role_name=dev-read", 400),
        ("account_id=2222&role_name=dev-read", 400),
        ("account_id=２２２２２２２２２２２２&role_name=dev-read", 400),
        (f"account_id={ACCOUNT}&role_name=dev-read&destination=https%3A%2F%2Fevil.example%2F", 400),
    ],
)
def test_a_shortcut_to_nothing_says_so(client_of, query, status):
    answer = client_of("alice").get(f"/start/console?{query}")
    assert answer.status_code == status
    assert destinations(answer.text) == []


def test_a_shortcut_to_what_is_not_yours_looks_like_one_to_nothing(client_of):
    browser = client_of("bob")
    pages = set()
    for role_name in ("dev-read", "nowhere"):
        answer = browser.get(f"/start/console?account_id={ACCOUNT}&role_name={role_name}")
        assert answer.status_code == 404
        pages.add(re.sub(r'value="\w{64}"', "", answer.text))
    assert len(pages) == 1


@pytest.mark.parametrize("path", ["/start", "/start/"])
@pytest.mark.parametrize("person", [None, "alice"])
def test_the_start_page_answers_itself(client_of, path, person):
    browser = client_of(person)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "/start/console?" in answer.text and "start.js" in answer.text
    # the AWS CLI asks so, and wants to be led to an address of AWS's
    head = browser.head(path)
    assert head.status_code == 302 and head.content == b""
    assert head["Location"].startswith("https://identitycenter.amazonaws.com/")


# -- signing in
@pytest.mark.parametrize(
    "link",
    [
        go_to("dev-read", QUICK_CREATE, region="eu-west-1"),
        go_by(INSTANCES),
        f"/go/?url={INSTANCES.partition('#')[0]}",
        f"/start/console?account_id={ACCOUNT}&role_name=dev-read&destination={quote(INSTANCES)}",
        go_by("https://eu-west-1.console.aws.amazon.com/s3/home?" + "a%2F" * 480),
    ],
)
def test_the_whole_link_survives_signing_in(client_of, link):
    browser = client_of(None)
    answer = browser.get(link)
    assert answer.status_code == 302
    sign_in = browser.get(answer.headers["Location"])
    next_page = re.search(r'name="next" value="([^"]*)"', sign_in.text)
    assert next_page is not None and unescape(next_page[1]) == link

    form = {"username": "alice", "password": "cooper-demo", "next": link}
    answer = browser.post("/login/", form)
    assert answer.headers["Location"] == link


def test_that_it_came_from_elsewhere_survives_signing_in(client_of):
    browser = client_of(None)
    for link in (go_to("dev-read", INSTANCES), go_by(INSTANCES), "/go/dev-read/"):
        headers = {"Sec-Fetch-Site": "cross-site"}
        sign_in = browser.get(link, headers=headers).headers["Location"]
        link_after = parse_qs(urlsplit(sign_in).query)["next"][0]
        page = client_of("alice").get(link_after, headers={"Sec-Fetch-Site": "same-origin"}).text
        assert "came from another site" in page
        if INSTANCES in unescape(page):
            assert "link-address" in page


def test_no_log_has_the_query(client_of, caplog):
    browser = client_of("alice")
    caplog.set_level("DEBUG")
    for link in (
        go_to("nowhere", INSTANCES),
        go_by("https://evil.example/#Instances:"),
        "/go/x/y?url=Instances",
    ):
        assert browser.get(link).status_code in (400, 404)
    assert "Instances" not in caplog.text
