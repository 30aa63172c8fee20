"""The pages of the stand-ins: one shell, one style, and a policy that lets nothing else in."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape

from embedded_aws.responses import Response

STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --dim: #566475; --paper: #f4f6f9; --card: #fff;
  --line: #dde3ea; --warm: #b45309; --tint: #fff7ed }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --dim: #9fb0c3; --paper: #10161e;
  --card: #18212c; --line: #2b3848; --warm: #fdba74; --tint: #2a2017 } }
* { box-sizing: border-box }
body { margin: 0; padding: 6vh 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }
main { max-width: 46rem; margin: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; overflow: hidden }
.note { margin: 0; padding: .75rem 1.75rem; background: var(--tint); color: var(--warm);
  border-bottom: 1px solid var(--line); font-size: .92rem }
h1 { margin: 1.5rem 1.75rem .25rem; font-size: 1.45rem; line-height: 1.25 }
.who { margin: 0 1.75rem 1.25rem; color: var(--dim) }
dl { margin: 0; border-top: 1px solid var(--line) }
dl > div { display: grid; grid-template-columns: 10rem 1fr; gap: 0 1rem; padding: .7rem 1.75rem }
dl > div + div { border-top: 1px solid var(--line) }
dt { color: var(--dim) }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .92rem }
@media (max-width: 34rem) { dl > div { grid-template-columns: 1fr }
  h1, .who { margin-inline: 1.25rem } dl > div, .note { padding-inline: 1.25rem } }
form { padding: 0 1.75rem 1.5rem; display: grid; gap: .75rem }
label { font-weight: 600 }
input, button { font: inherit; padding: .6rem .8rem; border: 1px solid var(--dim);
  border-radius: 8px; width: 100%; background: var(--card); color: inherit }
button { background: var(--warm); color: var(--card); border: 0; font-weight: 600; cursor: pointer }
.wrong { margin: 0 1.75rem 1rem; font-weight: 600 }
"""


@dataclass(frozen=True)
class Page:
    """A page; `content` is HTML, `note` says above it what the page stands in for.

    `script` is the one inline script that runs, `form_action` is where the page's forms may lead.
    """

    title: str
    note: str
    content: str
    script: str = ""
    form_action: str = "'none'"

    def html(self) -> str:
        """Return the whole page."""
        script = ""
        if self.script:
            script = f"<script>{self.script}</script>\n"
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{escape(self.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<p class="note">{escape(self.note)}</p>
{self.content}
{script}</main>
</body>
</html>
"""

    def content_security_policy(self) -> str:
        """Return the policy that allows this page's own style, script and forms, and no more."""
        directives = [
            "default-src 'none'",
            f"style-src {_csp_hash(STYLE)}",
            "img-src data:",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            f"form-action {self.form_action}",
        ]
        if self.script:
            directives.append(f"script-src {_csp_hash(self.script)}")
        return "; ".join(directives)


def page_response(status: int, page: Page, **headers: str) -> Response:
    """Return a response that nobody keeps; `headers` are further ones (`Referrer_Policy=...`)."""
    all_headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": page.content_security_policy(),
    }
    for name, value in headers.items():
        all_headers[name.replace("_", "-")] = value
    return Response(status, page.html().encode(), "text/html; charset=utf-8", all_headers)


def _csp_hash(text: str) -> str:
    """Return the source expression that allows an inline style or script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
