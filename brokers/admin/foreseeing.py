"""Forms that say who gains and who loses what before they are saved, and deletions that say who loses it."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse

from brokers import catalogue
from brokers.admin import impact
from brokers.impact import AccessState, Impact, PeopleByGroup, impact_lines
from brokers.models import Target
from core.admin import FormChanges


def seen_by(request: HttpRequest) -> PeopleByGroup:
    """Return everybody who was seen, read once a request."""
    held = request.__dict__
    if "_crowd" not in held:
        held["_crowd"] = impact.crowd()
    found: PeopleByGroup = held["_crowd"]
    return found


def losses(
    request: HttpRequest, target: Target | None, gone: Iterable[str] | None = None
) -> list[str]:
    """Return who loses a target when the associations of these groups go, or all of it; nobody while it is disabled."""
    if target is None or not target.enabled:
        return []
    rules = catalogue.latest().rules.get(str(target.name), ())
    away = {str(rule.group) for rule in rules} if gone is None else set(gone)
    after = AccessState(True, tuple(rule for rule in rules if str(rule.group) not in away))
    return impact_lines(impact.of_change(target, after, True, seen_by(request)))


class ImpactPreviewMixin:
    """A ModelAdmin whose forms are saved once it was seen who gains and who loses what by that."""

    def effect_of(self, request: HttpRequest, outcome: FormChanges) -> Impact | None:
        """Return what a form does to who may become what, if anything."""
        raise NotImplementedError

    def preview_impact(self, request: HttpRequest, outcome: FormChanges) -> None:
        """Demand that whoever saves has seen who gains and who loses by it; raise Unseen."""
        found = self.effect_of(request, outcome)
        if found is not None:
            request.foresight = impact_lines(found)  # type: ignore[attr-defined]
            impact.demand_seen(found, request.POST.get("foreseen", ""))

    def render_change_form(
        self, request: Any, context: Any, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Show in a box of its own who gains and who loses."""
        if isinstance(getattr(request, "deed_refused", None), impact.ImpactNotConfirmed):
            # nothing is to be corrected
            context["errors"] = []
        context["foreseen"] = impact.mark_of(getattr(request, "foresight", []))
        shown: HttpResponse = super().render_change_form(request, context, *arguments, **named)  # type: ignore[misc]
        return shown
