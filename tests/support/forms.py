"""Fills in forms as a browser does: all fields of the page are sent, changed where one typed."""

import re
from html.parser import HTMLParser
from typing import Any

from tests.support.codes import next_code


class _Form(HTMLParser):
    """Collects what a browser would send of the form with a given id (or of the last form)."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = False
        self.select = ""
        self.area = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = attributes.get("id", "") == self.form_id
        if not self.inside or "disabled" in attributes:
            return

        name = attributes.get("name", "")
        if tag == "input":
            self._add_input(name, attributes)
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            # a browser sends the first option where none is selected
            if "selected" in attributes or self.select not in self.fields:
                self.fields[self.select] = attributes.get("value", "")
        elif tag == "textarea":
            self.area = name
            self.fields[name] = ""

    def _add_input(self, name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("type")
        if not name or kind in ("submit", "button", "image"):
            return
        if kind not in ("checkbox", "radio"):
            self.fields[name] = attributes.get("value", "")
        elif "checked" in attributes:
            self.fields[name] = attributes.get("value", "on")

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
    fields = {}
    for name, value in parser.fields.items():
        # a newline behind <textarea> is not of its text; lines are sent with CRLF
        shown = value.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
        fields[name] = shown.replace("\n", "\r\n")
    return fields


PREVIEW = 'name="_preview"'
"""The button of a form's first step, which saves nothing."""


def submit(client: Any, address: str, form_id: str = "", **typed: Any) -> Any:
    """Open a page, type, and send its form, with a code where one is asked for.

    None unticks a box.
    """
    page = client.get(address)
    assert page.status_code == 200, page.status_code

    fields: dict[str, Any] = fields_of(page.text, form_id)
    if PREVIEW in page.text:
        fields["_preview"] = "Preview"
    elif fields.get("code") == "":
        fields["code"] = next_code(client.username)
    fields |= typed
    filled_in = {name: value for name, value in fields.items() if value is not None}
    return looked_at(client, address, filled_in)


def looked_at(client: Any, address: str, fields: dict[str, Any]) -> Any:
    """Send a form; where it first shows who gains and loses what, confirm that and send again.

    It is confirmed with the code of the fields, or with the next one where it asks for one.
    """
    answer = client.post(address, fields)
    # a code that was refused once is refused, and recorded, once more when it is sent again
    was_refused = "code" in fields and 'id="id_code_error"' in answer.text
    if was_refused or "Nothing is saved yet" not in answer.text:
        return answer

    confirmation = {name: value for name, value in fields.items() if name != "_preview"}
    confirmation["impact_shown"] = mark_in(answer.text, "impact_shown")
    if "code" not in confirmation and 'name="code"' in preview_box(answer.text):
        confirmation["code"] = next_code(client.username)
    return client.post(address, confirmation)


def preview_box(text: str) -> str:
    """Return what the second step of a form begins with: what it does, the code, the buttons."""
    box = text.split('id="impact"', maxsplit=1)[1]
    return box.split('class="submit-row"', maxsplit=1)[0]


def mark_in(text: str, name: str = "seen") -> str:
    """Return the mark of what a page has shown, or ""."""
    match = re.search(rf'name="{name}" value="(\w+)"', text)
    return match[1] if match else ""


def confirmed(client: Any, address: str, **fields: Any) -> Any:
    """Look at what a deletion or action does, confirm it with a code, and follow the redirect."""
    if "action" in fields:
        choice = {name: value for name, value in fields.items() if name != "confirmed"}
        page = client.post(address, choice)
    else:
        page = client.get(address)

    confirmation = {
        "post": "yes",
        "seen": mark_in(page.text),
        "code": next_code(client.username),
    }
    return client.post(address, confirmation | fields, follow=True)


def errors_in(text: str) -> str:
    """Return the errors on a page."""
    return " ".join(part.split("</ul>")[0] for part in text.split('class="errorlist')[1:])
