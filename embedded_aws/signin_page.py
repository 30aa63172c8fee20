"""The page that stands in for the AWS console."""

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --dim: #566475; --paper: #f4f6f9; --card: #fff; --line: #dde3ea;
  --warm: #b45309; --tint: #fff7ed }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --dim: #9fb0c3; --paper: #10161e; --card: #18212c;
  --line: #2b3848; --warm: #fdba74; --tint: #2a2017 } }
* { box-sizing: border-box }
body { margin: 0; padding: 6vh 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif }
main { max-width: 46rem; margin: auto; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  overflow: hidden }
.note { margin: 0; padding: .75rem 1.75rem; background: var(--tint); color: var(--warm);
  border-bottom: 1px solid var(--line); font-size: .92rem }
h1 { margin: 1.5rem 1.75rem .25rem; font-size: 1.45rem; line-height: 1.25 }
.who { margin: 0 1.75rem 1.25rem; color: var(--dim) }
dl { margin: 0; border-top: 1px solid var(--line) }
dl > div { display: grid; grid-template-columns: 10rem 1fr; gap: 0 1rem; padding: .7rem 1.75rem }
dl > div + div { border-top: 1px solid var(--line) }
dt { color: var(--dim) }
dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .92rem }
@media (max-width: 34rem) { dl > div { grid-template-columns: 1fr } h1, .who { margin-inline: 1.25rem }
  dl > div, .note { padding-inline: 1.25rem } }
"""

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; form-action 'none'; "
CSP += "frame-ancestors 'none'"

_NOTE = "This page stands in for the AWS console. It comes from cooper's embedded AWS; no real AWS is behind it."


def console(facts: dict[str, str]) -> str:
    """Return the page with what is known of the session; empty facts are left out."""
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n"
        for name, value in facts.items()
        if value
    )
    who = escape(facts["You are"].partition(":sts::")[2].partition(":")[2])
    return _html(
        "AWS console (stand-in)",
        f'<h1>You are in</h1>\n<p class="who">as {who}</p>\n<dl>\n{rows}</dl>',
    )


def refused(
    why: str = "The sign-in URL is unknown, or older than 15 minutes, or its session has ended.",
) -> str:
    """Return the page for a sign-in URL that is not good."""
    return _html(
        "Not signed in (stand-in)",
        f'<h1>Not signed in</h1>\n<p class="who">{escape(why)} Begin again.</p>',
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
<style>{STYLE}</style>
</head>
<body>
<main>
<p class="note">{_NOTE}</p>
{inner}
</main>
</body>
</html>
"""
