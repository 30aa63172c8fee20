"""Links to things that the admin names: `{% link_to "person" name %}`."""

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from core.admin.history import Entry
from core.admin.links import Links, Thing

register = template.Library()


@register.simple_tag(takes_context=True)
def link_to(context: Any, thing: str, name: Any) -> SafeString:
    """Return a thing's name as a link for whoever reads the page."""
    return Links.for_reader(context["request"]).to(Thing(thing), name)


@register.simple_tag(takes_context=True)
def link_all(context: Any, thing: str, names: Any) -> SafeString:
    """Return several names as links."""
    return Links.for_reader(context["request"]).to_all(Thing(thing), names)


@register.simple_tag(takes_context=True)
def details(context: Any, entry: Entry) -> SafeString:
    """Return the particulars of an event, a line each."""
    links = Links.for_reader(context["request"])
    lines = [(name, links.fact(name, value, words)) for name, value, words in entry.linked_details]
    return format_html_join("", "<div>{}: <code>{}</code></div>", lines)
