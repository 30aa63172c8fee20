"""The pages that stand in for the AWS console."""

from html import escape

from embedded_aws.pages import Page

NOTE = "This page stands in for the AWS console. It comes from an embedded AWS, not from AWS."


def console_page(session: dict[str, str]) -> Page:
    """Return the page that shows a session, as labels and values; empty values are left out."""
    rows = []
    for label, value in session.items():
        if value:
            rows.append(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>\n")

    # arn:aws:sts::123456789012:assumed-role/deploy/alice
    resource = session["ARN"].split(":", 5)[5]
    return Page(
        "AWS console (stand-in)",
        NOTE,
        f'<h1>Signed in to AWS</h1>\n<p class="who">as {escape(resource)}</p>\n'
        f"<dl>\n{''.join(rows)}</dl>",
    )


def refusal_page(reason: str) -> Page:
    """Return the page for a sign-in URL that is not good."""
    return Page(
        "Not signed in (stand-in)",
        NOTE,
        f'<h1>Not signed in</h1>\n<p class="who">{escape(reason)} Sign in again.</p>',
    )
