"""The pages of the demo's identity provider."""

import base64
import hashlib
from html import escape

from embedded_aws.protocol import Answer
from embedded_aws.signin_page import STYLE

_FORM = """
form { padding: 0 1.75rem 1.5rem; display: grid; gap: .75rem }
label { font-weight: 600 }
input, button { font: inherit; padding: .6rem .8rem; border: 1px solid var(--dim); border-radius: 8px; width: 100%;
  background: var(--card); color: inherit }
button { background: var(--warm); color: var(--card); border: 0; font-weight: 600; cursor: pointer }
.wrong { margin: 0 1.75rem 1rem; font-weight: 600 }
"""
_SEND = "document.forms[0].submit()"
_NOTE = "This identity provider stands in for your company's own. It belongs to cooper's demo on this machine."


def _digest(text: str) -> str:
    """Return what a Content-Security-Policy allows an inline text by."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def answer(status: int, page: str, sends_to: str = "") -> Answer:
    """Return a page that nobody keeps, whose form leads to `sends_to`, or back to here."""
    csp = f"default-src 'none'; style-src {_digest(STYLE + _FORM)}; script-src {_digest(_SEND)}; img-src data:; "
    csp += f"base-uri 'none'; frame-ancestors 'none'; form-action {sends_to or chr(39) + 'self' + chr(39)}"
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": csp,
    }
    return Answer(status, page.encode(), "text/html; charset=utf-8", headers)


def asking(asked: dict[str, str], people: list[str], *, wrong: bool = False) -> str:
    """Return the page that asks who it is."""
    said = '<p class="wrong" role="alert">That name and password do not match.</p>' if wrong else ""
    names = ", ".join(people)
    inner = f"""<h1>Sign in to Example IdP</h1>
<p class="who">People: {escape(names)}. Each has the password <code>cooper-demo</code>.</p>{said}
<form method="post">{_hidden(asked)}
<label for="username">User name</label><input id="username" name="username" autocomplete="username" autofocus>
<label for="password">Password</label><input id="password" name="password" type="password">
<button>Sign in</button></form>"""
    return _html("Sign in to Example IdP", inner)


def going_on(place: str, fields: dict[str, str]) -> str:
    """Return the page that carries the answer to cooper: by itself, or by a button without JavaScript."""
    inner = f"""<h1>You are signed in</h1>
<p class="who">On to cooper.</p>
<form method="post" action="{escape(place, quote=True)}">{_hidden(fields)}<button>Go on to cooper</button></form>
<script>{_SEND}</script>"""
    return _html("Signed in", inner)


def refused(why: str) -> str:
    """Return the page for a request that is not cooper's."""
    said = "This is no request of the cooper on this machine. Begin again at its sign-in page."
    return _html(
        "Not understood", f'<h1>Not understood</h1>\n<p class="who">{said} ({escape(why)})</p>'
    )


def _hidden(fields: dict[str, str]) -> str:
    """Return hidden fields."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
        for name, value in fields.items()
    )


def _html(title: str, inner: str) -> str:
    """Return a whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>{STYLE + _FORM}</style>
</head>
<body>
<main>
<p class="note">{_NOTE}</p>
{inner}
</main>
</body>
</html>
"""
