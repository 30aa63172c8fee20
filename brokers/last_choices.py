"""What a person chose last at a target: offered again, and used where one click says nothing else.

It decides nothing. What is read here goes through the form like what is typed; what no longer fits
is left out.
"""

import logging

from django.http import QueryDict

from accounts import preferences
from accounts.preferences import TargetChoices, preferences_of
from brokers.catalogue_rows import CatalogueTarget
from brokers.choices import SHORTEST_SESSION
from brokers.console_services import service_named
from brokers.forms import BecomeForm
from brokers.grants import longest_seconds
from core.error_pages import request_id_of
from core.errors import CooperError
from core.partitions import check_region
from core.requests import CooperRequest

logger = logging.getLogger(__name__)

CHOSEN_ON_PAGE = {"service", "region"}
"""Fields that a form has where all of it is to be chosen; a button elsewhere lacks them."""


def last_choices(request: CooperRequest, target: CatalogueTarget) -> dict[str, str]:
    """Return the fields of the form that were chosen last and that still fit the target."""
    choices = preferences_of(request).choices_for(str(target.name))
    fields = {}
    if service_named(choices.service):
        fields["service"] = choices.service
    if _is_region_of(str(target.partition), choices.region):
        fields["region"] = choices.region
    if SHORTEST_SESSION <= choices.seconds <= longest_seconds(target):
        fields["duration"] = str(choices.seconds)
    return fields


def landing_in_words(choices: TargetChoices, partition: str) -> str:
    """Return where one click lands by these choices, as in "opens S3 in eu-west-1".

    "" where it lands as the target itself says.
    """
    words = []
    service = service_named(choices.service)
    if service:
        words.append(service.title)
    if _is_region_of(partition, choices.region):
        words.append(f"in {choices.region}")
    if not words:
        return ""
    return " ".join(["opens", *words])


def _is_region_of(partition: str, region: str) -> bool:
    try:
        check_region(region, partition)
    except ValueError:
        return False
    return True


def with_last_choices(request: CooperRequest, target: CatalogueTarget) -> QueryDict:
    """Return what was sent, and the last choices for what a button elsewhere did not send."""
    if {*CHOSEN_ON_PAGE, "destination"} & request.POST.keys():
        return request.POST

    completed = request.POST.copy()
    for name, value in last_choices(request, target).items():
        completed.setdefault(name, value)
    return completed


def remember(request: CooperRequest, name: str, form: BecomeForm) -> None:
    """Keep what was chosen on the target's page, if it is new; after the grant, and at best.

    A grant that is done stays done whether or not this can be kept.
    """
    if not request.POST.keys() >= CHOSEN_ON_PAGE:
        return

    choices = TargetChoices(
        region=form.cleaned_data["region"],
        service=form.cleaned_data["service"],
        seconds=form.cleaned_data["duration"],
    )
    if choices == preferences_of(request).choices_for(name):
        return
    try:
        preferences.choose(request.identity.person, name, choices)
    except CooperError as error:
        logger.warning("request %s: choices not kept: %s", request_id_of(request), error.detail)
