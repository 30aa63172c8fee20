"""Whatever grants or writes is in the sweep: every address that takes a POST, and every action.

That an operation is sent where the list says is demanded as it is recorded.
"""

from core.admin import site
from tests.support.addresses import addresses, admin_addresses, admin_path, filled
from tests.support.fault_addresses import FORBIDDEN, PLACE_OF, PLACES, is_without_reason
from tests.support.fault_operations import OPERATIONS

WRONG_WAY, DENIED = 405, 403


def taking_posts(browser):
    """Yield every address that takes a POST, of the admin those too that do not."""
    yield from admin_addresses()
    for address in addresses():
        if address.startswith("/admin/"):
            continue
        if browser.post(filled(address), {}).status_code != WRONG_WAY:
            yield address


def actions_of_lists(request):
    """Yield every action of the admin's lists, with its list."""
    for model, model_admin in site._registry.items():
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for action in model_admin.get_actions(request):
            yield f"{address} {action}"


def test_every_address_that_takes_a_post_has_an_operation_or_a_reason(client_of):
    assert [
        address for address in taking_posts(client_of(None)) if is_without_reason(address)
    ] == []


def test_every_action_of_a_list_has_an_operation(client_of):
    request = client_of("carol").get("/admin/").wsgi_request
    actions = set(actions_of_lists(request))
    assert actions == {place for place in PLACES if " " in place}


def test_what_is_said_to_be_forbidden_is(client_of):
    carol = client_of("carol")
    answers = {address: carol.post(admin_path(address), {}).status_code for address in FORBIDDEN}
    assert set(answers.values()) == {DENIED}


def test_it_notices_a_new_address():
    assert is_without_reason("/new/")
    assert is_without_reason("/admin/brokers/target/new/")
    assert is_without_reason("/admin/brokers/target/<path:object_id>/new/")


def test_every_operation_has_a_place():
    assert set(PLACE_OF) == set(OPERATIONS)
    assert len(PLACE_OF) == sum(map(len, PLACES.values()))
    assert {place.split()[0] for place in PLACES} <= {*addresses(), *admin_addresses()}
