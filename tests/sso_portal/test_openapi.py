"""The description of /api/v1: good OpenAPI, and true of every answer.

schemathesis makes requests that fit it, requests that do not, and looks at the answers.
"""

import re
from collections import Counter
from itertools import cycle

import jsonschema_rs
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from accounts import service_tokens
from accounts.models import LocalAccount
from tests.support.command_line import CommandLineTool
from tests.support.everything_logged import everything_logged
from tests.support.faults import Fault, on

FEW = hypothesis_settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MANY = hypothesis_settings(FEW, max_examples=3_400, derandomize=False)

OPERATIONS = {
    "/api/v1/targets": "GET",
    "/api/v1/targets/{name}/credentials": "POST",
    "/api/v1/aws-config": "GET",
}

OF_SERVICES = {"/api/v1/people/{person}/disable"}
"""What takes a service token, and no person's."""


TARGETS = ("dev-read", "dev-uploads", None, "prod-admin")
PEOPLE = ("local:alice", "local:nobody", None, "local:dan", "local:carol", "nonesuch:x")
"""Alice and Dan are disabled, and Carol is the last who can administer."""


@pytest.fixture
def description(store):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())


@pytest.fixture
def tool(client_of, settings):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1_000_000
    return CommandLineTool().sign_in(client_of("alice"))


# -- lint ------------------------------------------------------------------------------------------
def test_it_is_good_openapi(description):
    description.validate()


def test_its_lint_notices_a_fault(description):
    description.raw_schema["paths"]["/api/v1/targets"]["get"]["responses"]["200"] = {}
    with pytest.raises(jsonschema_rs.ValidationError):
        description.validate()


def nodes(node):
    """Yield every object within a document."""
    if isinstance(node, dict):
        yield node
    inner = list(node.values()) if isinstance(node, dict) else node
    for each in inner if isinstance(inner, list) else ():
        yield from nodes(each)


def test_all_of_it_is_described_and_every_example_fits(description):
    document = description.raw_schema
    components = document["components"]
    assert set(document["paths"]) == set(OPERATIONS) | OF_SERVICES
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["operationId"] and operation["summary"] and operation["description"]
            assert set(operation["responses"]) >= {"200", "400", "401", "405", "500", "503"}
    for named in (*components["responses"].values(), *components["schemas"].values()):
        assert named["description"].endswith((".", "html", "same."))

    with_examples = [node for node in nodes(document) if "example" in node and "schema" in node]
    assert len(with_examples) >= len(components["responses"]) + 4
    for node in with_examples:
        schema = node["schema"] | {"components": components}
        jsonschema_rs.validator_for(schema).validate(node["example"])


def test_every_component_is_used(description):
    references = {node["$ref"] for node in nodes(description.raw_schema) if "$ref" in node}
    components = description.raw_schema["components"]
    named = {
        f"#/components/{kind}/{name}"
        for kind in ("responses", "schemas")
        for name in components[kind]
    }
    assert references == named
    assert description.raw_schema["security"] == [{"bearerAuth": []}]


# -- truth -----------------------------------------------------------------------------------------
def check_answers(
    operation, token: str, how_many: hypothesis_settings, named=TARGETS, excluded=()
) -> Counter[int]:
    """Send what fits the description and what does not; return the statuses of the answers.

    Paths have the names in turn, and one of the description where there is None.
    """
    statuses: Counter[int] = Counter()
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    others = fitting
    if operation.path.endswith("credentials"):
        others = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    names = cycle(named)
    headers = {"Authorization": f"Bearer {token}"}
    body_validator = validator_of_body(operation)

    with everything_logged() as lines:

        @how_many
        @given(case=st.one_of(fitting, others))
        def send(case):
            del lines[:]
            name = next(names)
            if name and case.path_parameters:
                [parameter] = case.path_parameters
                case.path_parameters[parameter] = name
            response = case.call(headers=headers)
            statuses[response.status_code] += 1
            # a request that lacks its token has one here, and a name that does not fit does
            case.validate_response(
                response, headers=headers, excluded_checks=[negative_data_rejection, *excluded]
            )
            sends_body = isinstance(case.body, dict | list | str | int | float)
            if response.status_code == 200 and sends_body:
                assert body_validator.is_valid(case.body)
            assert "no-store" in response.headers["cache-control"][0]
            assert not {"set-cookie", "location"} & set(response.headers)
            assert token not in "\n".join(lines)
            secrets = re.findall(r'"(?:Secret|Session)\w+": "([^"]+)"', response.text)
            assert not [secret for secret in secrets if secret in "\n".join(lines)]

        send()
    return statuses


def validator_of_body(operation):
    """Return what tells bodies that fit an operation from others."""
    body = operation.definition.raw.get("requestBody", {}).get("content", {})
    return jsonschema_rs.validator_for(body.get("application/json", {}).get("schema", True))


@pytest.mark.parametrize("path", OPERATIONS)
def test_every_answer_is_as_described(description, tool, path):
    statuses = check_answers(description[path][OPERATIONS[path]], tool.access, FEW)
    assert statuses[200] > 3


@pytest.mark.parametrize("how_many", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_every_answer_to_disabling_is_as_described(description, how_many):
    [path] = OF_SERVICES
    token = service_tokens.add("okta-hook", 30, "root@host")
    # a text may be nobody's name, which no schema says
    excluded = [positive_data_acceptance]
    statuses = check_answers(description[path]["POST"], token, how_many, PEOPLE, excluded)
    assert {200, 404, 409} <= set(statuses)
    assert LocalAccount.find("alice").disabled and not LocalAccount.find("carol").disabled

    wrong = description[path]["POST"].Case(path_parameters={"person": "local:erin"})
    answer = wrong.call(headers={"Authorization": "Bearer nonsense"})
    wrong.validate_response(answer, excluded_checks=[not_a_server_error])
    assert answer.status_code == 401 and not LocalAccount.find("erin").disabled


@pytest.mark.soak
@pytest.mark.parametrize("path", OPERATIONS)
def test_each_of_ten_thousand_answers_is_as_described(description, tool, path):
    statuses = check_answers(description[path][OPERATIONS[path]], tool.access, MANY)
    assert statuses[200] > 300 and statuses.total() >= 3_400
    if path.endswith("credentials"):
        assert {200, 400, 404} <= set(statuses)


def sent(description, path: str, token: str = "", **parts):
    """Send one request; return its answer, once it is as described."""
    case = description[path][OPERATIONS[path]].Case(**parts)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = case.call(headers=headers)
    case.validate_response(response, headers=headers, excluded_checks=[not_a_server_error])
    return response


@pytest.mark.parametrize("path", OPERATIONS)
def test_refusals_are_as_described(description, tool, path):
    parts = {"path_parameters": {"name": "dev-read"}} if "{name}" in path else {}
    assert sent(description, path, **parts).status_code == 401
    assert sent(description, path, "cooper_access_x", **parts).status_code == 401

    with on(Fault(service="dynamodb", mode="deny")):
        assert sent(description, path, tool.access, **parts).status_code == 503


def test_the_limit_is_as_described(description, tool, settings):
    settings.COOPER_CLI_GRANTS_PER_MINUTE = 1
    path = "/api/v1/targets/{name}/credentials"
    answers = [
        sent(description, path, tool.access, path_parameters={"name": "dev-read"}) for _ in range(3)
    ]
    assert answers[-1].status_code == 429 and answers[-1].headers["retry-after"]


def test_other_methods_are_answered_as_described(client_of, description):
    described = description.raw_schema["components"]["schemas"]["Error"]
    validator = jsonschema_rs.validator_for(described)
    for path, allowed in OPERATIONS.items():
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - {allowed}:
            response = client_of(None).generic(method, path.replace("{name}", "dev-read"))
            assert response.status_code == 405 and response.headers["Allow"] == allowed
            validator.validate(response.json())
