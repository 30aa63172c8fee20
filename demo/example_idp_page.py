"""The pages of the demo's identity provider."""

from html import escape

from embedded_aws.pages import Page

NOTE = (
    "This identity provider stands in for your company's own. "
    "It belongs to cooper's demo on this machine."
)

SUBMIT = "document.forms[0].submit()"


def sign_in_page(saml_fields: dict[str, str], people: list[str], *, wrong: bool = False) -> Page:
    """Return the sign-in form, which carries the SAML request; `wrong`: after a wrong password."""
    error = ""
    if wrong:
        error = '<p class="wrong" role="alert">That name and password do not match.</p>'
    names = escape(", ".join(people))

    return Page(
        "Sign in to Example IdP",
        NOTE,
        f"""<h1>Sign in to Example IdP</h1>
<p class="who">People: {names}. Each has the password <code>cooper-demo</code>.</p>{error}
<form method="post">{_hidden_fields(saml_fields)}
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autofocus>
<label for="password">Password</label><input id="password" name="password" type="password">
<button>Sign in</button></form>""",
        form_action="'self'",
    )


def continue_page(destination: str, saml_fields: dict[str, str]) -> Page:
    """Return the page that posts the SAML response to cooper: by itself, or by its button."""
    return Page(
        "Signed in",
        NOTE,
        f"""<h1>You are signed in</h1>
<p class="who">On to cooper.</p>
<form method="post" action="{escape(destination)}">{_hidden_fields(saml_fields)}
<button>Continue to cooper</button></form>""",
        script=SUBMIT,
        form_action=destination,
    )


def refusal_page(reason: str) -> Page:
    """Return the page for a request that does not come from the cooper on this machine."""
    return Page(
        "Request not understood",
        NOTE,
        f"""<h1>Request not understood</h1>
<p class="who">It does not come from the cooper on this machine. Start again at cooper's sign-in
page. ({escape(reason)})</p>""",
    )


def _hidden_fields(fields: dict[str, str]) -> str:
    inputs = [
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    ]
    return "".join(inputs)
