"""What the admin shows of a person's groups: links, the roles they give, where they are changed."""

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.identity import Group
from accounts.models import LocalAccount, Person
from accounts.providers import provider_for
from accounts.roles import RoleThrough, roles_through
from core import admin
from core.admin.links import Links, Thing

TO_ADMINISTRATORS = Links(administers=True)


def roles_of(person: Person) -> list[RoleThrough]:
    """Return the roles of a person, as their groups are stored."""
    return roles_through(Group.from_stored(name) for name in person.groups)


@admin.display(description="Role")
def role_names(person: Person) -> str:
    """Return the roles in a word each."""
    return ", ".join(role.role for role in roles_of(person)) or "-"


@admin.display(description="Groups")
def group_links(person: Person) -> SafeString | str:
    """Return the groups, each with a link to what it gives."""
    return TO_ADMINISTRATORS.to_all(Thing.GROUP, person.groups) or "-"


@admin.display(description="Groups")
def groups_and_origin(person: Person) -> SafeString:
    """Return the groups, and where they are changed."""
    return format_html('{}<div class="quiet small">{}</div>', group_links(person), _origin(person))


def _origin(person: Person) -> SafeString | str:
    """Return in words who says which groups a person has."""
    if person.provider != "local":
        provider = provider_for(str(person.provider))
        label = provider.label if provider else person.provider
        return f"They come from {label}, and are changed there. These are of the last sign-in."

    account = LocalAccount.find(person.subject)
    if not account:
        return "The local account was deleted."
    address = reverse("admin:accounts_localaccount_change", args=(quote(person.subject),))
    return format_html('<a href="{}">Change them in Local accounts</a>', address)
