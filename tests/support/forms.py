"""Fills in forms as a browser does: all fields of the page are sent, changed where one typed."""

import re
from html.parser import HTMLParser
from typing import Any

from tests.support.codes import next_code


class _Form(HTMLParser):
    """Collects what a browser would send of the form with a given id (or of the last form)."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.inside, self.fields = form_id, False, {}
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = found.get("id", "") == self.form_id
        if not self.inside or "disabled" in found:
            return
        name = found.get("name", "")
        if tag == "input" and name and found.get("type") not in ("submit", "button", "image"):
            box = found.get("type") in ("checkbox", "radio")
            if not box or "checked" in found:
                self.fields[name] = found.get("value", "on" if box else "")
        elif tag == "select":
            self.select = name
        elif (
            tag == "option"
            and self.select
            and ("selected" in found or self.select not in self.fields)
        ):
            self.fields[self.select] = found.get("value", "")
        elif tag == "textarea":
            self.area, self.fields[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.inside and self.area:
            self.fields[self.area] += data


def fields_of(text: str, form_id: str = "") -> dict[str, str]:
    """Return what a browser would send of the page's form with this id."""
    parser = _Form(form_id)
    parser.feed(text)
    return {name: value.removeprefix("\n") for name, value in parser.fields.items()}


def submit(client: Any, address: str, form_id: str = "", **typed: Any) -> Any:
    """Open a page, type, and send its form; None unticks a box."""
    page = client.get(address)
    assert page.status_code == 200, page.status_code
    sent: dict[str, Any] = fields_of(page.text, form_id)
    if "code" in sent and sent["code"] == "":
        sent["code"] = next_code(client.username)
    sent |= typed
    return looked_at(
        client, address, {name: value for name, value in sent.items() if value is not None}
    )


def looked_at(client: Any, address: str, sent: dict[str, Any]) -> Any:
    """Send a form; where it first shows who gains and loses what, confirm that and send again."""
    answer = client.post(address, sent)
    if "Nothing is saved yet" in answer.text:
        answer = client.post(address, sent | {"foreseen": mark_in(answer.text, "foreseen")})
    return answer


def mark_in(text: str, name: str = "seen") -> str:
    """Return the mark that says what a page has shown, or ""."""
    found = re.search(rf'name="{name}" value="(\w+)"', text)
    return found[1] if found else ""


def confirmed(client: Any, address: str, **fields: Any) -> Any:
    """Look at what a deletion or action does, confirm it with a code, and follow the redirect."""
    asked = {name: value for name, value in fields.items() if name != "confirmed"}
    shown = client.post(address, asked) if "action" in fields else client.get(address)
    sent = {
        "post": "yes",
        "seen": mark_in(shown.text),
        "code": next_code(client.username),
        **fields,
    }
    return client.post(address, sent, follow=True)


def errors_in(text: str) -> str:
    """Return the errors on a page."""
    return " ".join(part.split("</ul>")[0] for part in text.split('class="errorlist')[1:])
