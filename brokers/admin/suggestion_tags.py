"""The list of names that the fields of a page suggest: `{% suggestions "group" %}`."""

from typing import Any

from django import template

from brokers import catalogue
from brokers.admin import suggestions as known

register = template.Library()


@register.inclusion_tag("admin/suggestions.html")
def suggestions(thing: str) -> dict[str, Any]:
    """Show the datalist of a thing, which inputs name as `known-groups`.

    `group`, `target`, or `name` for what the audit log is searched by.
    """
    if thing == "group":
        groups = known.groups_of_all_providers()
        # a page has so many at most: its script asks for others as one types
        return {"thing": thing, "names": groups, "may_have_more": len(groups) == known.MOST}
    if thing == "name":
        return {"thing": thing, "names": known.known_to_audit_log(catalogue.latest())}
    return {"thing": thing, "names": known.known_targets(catalogue.latest())}
