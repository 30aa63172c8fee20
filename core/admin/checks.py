"""What a ModelAdmin declares, checked when cooper starts."""

from typing import Any

from django.core.checks import CheckMessage, Error


class DocumentAdminChecks:
    """Checks that the names in a ModelAdmin's lists are known."""

    def check(self, admin_object: Any, **named: Any) -> list[CheckMessage]:
        """Return an error for every name that is neither an attribute nor a method."""
        document = admin_object.model
        names = [
            *admin_object.list_display,
            *admin_object.search_fields,
            *(admin_object.list_display_links or ()),
        ]
        unknown = [
            name
            for name in names
            if isinstance(name, str)
            and name not in document.get_attributes()
            and not hasattr(admin_object, name)
            and not hasattr(document, name)
        ]
        return [
            Error(
                f"{type(admin_object).__name__} names {name!r}, which is not in {document.__name__}.",
                id="cooper.E100",
            )
            for name in unknown
        ]
