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

        errors: list[CheckMessage] = []
        for name in names:
            if isinstance(name, str) and not _is_known(name, admin_object):
                message = (
                    f"{type(admin_object).__name__} names {name!r}, "
                    f"which is not in {document.__name__}."
                )
                errors.append(Error(message, id="cooper.E100"))
        return errors


def _is_known(name: str, admin_object: Any) -> bool:
    document = admin_object.model
    is_attribute = name in document.get_attributes()
    return is_attribute or hasattr(admin_object, name) or hasattr(document, name)
