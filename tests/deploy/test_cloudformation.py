"""The CloudFormation template has each property that an installation rests on.

It was never tried on AWS: these tests read it, and cfn-lint does, by AWS's own schemas.
"""

import importlib.machinery
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from brokers import several_views
from brokers.grants import limits
from brokers.several import MOST_SECONDS
from cooper_project.serving import gunicorn
from core import forwarded
from core.aws import deadlines
from tests.support.cloudformation import (
    PLACES,
    TEMPLATE,
    filled,
    load,
    policy_of_paper,
    references,
    user_data,
)
from tests.support.paths import ROOT
from tests.support.served import run

RESOURCES: dict[str, Any] = load()["Resources"]
PARAMETERS: dict[str, Any] = load()["Parameters"]

GIVEN = {
    "HostName": "cooper.example.com",
    "LoadBalancerNetworks": "10.0.0.0/24,10.0.1.0/24",
    "ReleaseBucket": "releases",
    "ReleaseKey": "cooper.tar.gz",
    "ReleaseSha256": "0" * 64,
    "Settings": "COOPER_ADMIN_GROUPS=okta:cooper-admins",
}

BODY_LIMIT = 51_200
"""Bytes of a template that is sent with the call (CloudFormation quotas)."""


def properties(resource: str) -> Any:
    return RESOURCES[resource]["Properties"]


def attributes(resource: str, name: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in properties(resource)[name]}


def of_type(kind: str) -> dict[str, Any]:
    return {name: each for name, each in RESOURCES.items() if each["Type"] == f"AWS::{kind}"}


# -- the whole --
def test_cfn_lint_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    result = run([str(linter), "--include-checks", "I", "--", str(TEMPLATE)], {})
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0


def test_it_is_small_enough_to_be_sent_with_one_command() -> None:
    assert len(TEMPLATE.read_bytes()) <= BODY_LIMIT


def test_nothing_in_it_goes_in_a_circle() -> None:
    waiting = {name: references(each) & RESOURCES.keys() for name, each in RESOURCES.items()}
    while waiting:
        ready = {name for name, needed in waiting.items() if not needed & waiting.keys()}
        assert ready, f"a circle among {sorted(waiting)}"
        waiting = {name: needed for name, needed in waiting.items() if name not in ready}


def test_its_parameters_are_few_and_each_is_used_and_explained() -> None:
    assert len(PARAMETERS) <= 16
    used = references(load()["Resources"]) | references(load()["Conditions"])
    assert PARAMETERS.keys() - used == set()
    assert all(each["Description"] for each in PARAMETERS.values())


def test_the_sample_has_every_parameter_that_must_be_given() -> None:
    sample = json.loads((ROOT / "deploy/parameters.json").read_text())
    names = [each["ParameterKey"] for each in sample]
    assert names == [name for name, each in PARAMETERS.items() if "Default" not in each]
    for each in sample:
        pattern = PARAMETERS[each["ParameterKey"]].get("AllowedPattern", ".+")
        assert re.fullmatch(pattern, each["ParameterValue"]), each


# -- what must never get lost --
@pytest.mark.parametrize("resource", ["Key", "KeyAlias", "ServerRole", "LogGroup"])
def test_it_stays_when_the_stack_is_deleted_or_it_is_replaced(resource: str) -> None:
    assert RESOURCES[resource]["DeletionPolicy"] == "Retain"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_the_command_that_brings_it_up_protects_it_from_being_deleted() -> None:
    [command] = re.findall(
        r"aws cloudformation create-stack (?:.*\\\n)*.*", (ROOT / "docs/install.md").read_text()
    )
    assert "--enable-termination-protection" in command
    assert "--capabilities CAPABILITY_NAMED_IAM" in command
    assert "file://deploy/cloudformation.yaml" in command
    balancer = attributes("LoadBalancer", "LoadBalancerAttributes")
    assert balancer["deletion_protection.enabled"] == "true"


def test_the_key_leaves_it_to_the_account_who_may_use_it() -> None:
    key = properties("Key")
    [statement] = key["KeyPolicy"]["Statement"]
    root = "arn:aws:iam::111122223333:root"
    assert filled(statement["Principal"], PLACES) == {"AWS": root}
    assert statement["Action"] == "kms:*"
    assert "Condition" not in statement


def test_the_key_is_rotated_and_can_be_used_in_another_region() -> None:
    assert properties("Key")["EnableKeyRotation"] is True
    assert properties("Key")["MultiRegion"] is True
    assert properties("KeyAlias")["AliasName"] == "alias/cooper"


# -- rights --
def tool() -> Any:
    """Return tools/policies as a module."""
    loader = importlib.machinery.SourceFileLoader("policies", str(ROOT / "tools/policies"))
    specification = importlib.util.spec_from_loader("policies", loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    was_kept = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    sys.dont_write_bytecode = was_kept
    return module


POLICIES: dict[str, tuple[str, str]] = tool().POLICIES

NOT_IN_IT = {
    "federation-user": "belongs to IAM users in the targets' AWS accounts",
    "rewrap": "is given to somebody for the time of a move",
    "ship": "belongs to a host of its own, which no server's template makes",
}


def test_every_policy_is_in_it_or_has_a_reason_not_to_be() -> None:
    files = {path.stem for path in (ROOT / "docs/iam").glob("*.json")}
    assert POLICIES.keys() | NOT_IN_IT.keys() == files
    assert POLICIES.keys() & NOT_IN_IT.keys() == set()


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_its_policy_is_the_one_of_the_papers(name: str) -> None:
    document = filled(properties(POLICIES[name][0])["PolicyDocument"], PLACES)
    assert with_lists(document) == with_lists(policy_of_paper(name))


def with_lists(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy in which every condition's value is a list: JSON lets one stand alone."""
    for statement in document["Statement"]:
        for keys in statement.get("Condition", {}).values():
            for key, value in keys.items():
                keys[key] = [value] if isinstance(value, str) else value
    return document


def test_the_tool_that_wrote_them_has_nothing_to_write() -> None:
    printed = run([sys.executable, "tools/policies", "--print"], {}).stdout
    assert printed
    assert tool().MARKED.findall(TEMPLATE.read_text()) == [printed]


def test_policies_are_resources_of_their_own_with_fixed_names() -> None:
    for name, role in of_type("IAM::Role").items():
        assert isinstance(role["Properties"]["RoleName"], str), name
        assert role["Properties"].keys() & {"Policies", "ManagedPolicyArns"} == set(), name
    for name, policy in of_type("IAM::ManagedPolicy").items():
        assert isinstance(policy["Properties"]["ManagedPolicyName"], str), name
        document = policy["Properties"]["PolicyDocument"]
        assert references(document) & of_type("IAM::Role").keys() == set(), name


def test_servers_have_the_servers_policy_and_what_an_instance_needs_and_no_more() -> None:
    given = {
        name
        for name, policy in of_type("IAM::ManagedPolicy").items()
        if "ServerRole" in references(policy["Properties"]["Roles"])
    }
    assert given == {"ServerPolicy", "InstancePolicy"}
    assert properties("ServerProfile")["Roles"] == [{"Ref": "ServerRole"}]
    actions = [
        each["Action"] for each in properties("InstancePolicy")["PolicyDocument"]["Statement"]
    ]
    assert actions == ["s3:GetObject", ["logs:CreateLogStream", "logs:PutLogEvents"]]
    assert "*" not in {
        each["Resource"] if isinstance(each["Resource"], str) else ""
        for each in properties("InstancePolicy")["PolicyDocument"]["Statement"]
    }


def test_set_up_has_a_role_that_no_server_can_become() -> None:
    assert POLICIES["setup"] == ("SetupPolicy", "OperatorRole")
    [server] = properties("ServerRole")["AssumeRolePolicyDocument"]["Statement"]
    [operator] = properties("OperatorRole")["AssumeRolePolicyDocument"]["Statement"]
    assert server["Principal"].keys() == {"Service"}
    assert operator["Principal"].keys() == {"AWS"}
    # cooper-operator would have to be a target for that: targets demand ExternalId in their trust
    assert "ServerRole" not in references(operator)


# -- the load balancer --
def test_servers_are_checked_on_healthz_and_never_on_readyz() -> None:
    assert properties("Servers")["HealthCheckPath"] == "/healthz"
    assert [
        path
        for name in of_type("ElasticLoadBalancingV2::TargetGroup")
        if (path := properties(name)["HealthCheckPath"]) != "/healthz"
    ] == []


def test_it_keeps_the_header_of_the_aws_cli_and_says_why() -> None:
    balancer = attributes("LoadBalancer", "LoadBalancerAttributes")
    assert balancer["routing.http.drop_invalid_header_fields.enabled"] == "false"
    note = TEMPLATE.read_text().partition("LoadBalancerAttributes:")[2].partition("- {Key")[0]
    assert "ELB.4" in note
    assert "x-amz-sso_bearer_token" in note
    assert "ELB.4" in (ROOT / "docs/install.md").read_text()


def test_its_idle_time_out_is_shorter_than_coopers_and_longer_than_any_wait() -> None:
    idle = int(attributes("LoadBalancer", "LoadBalancerAttributes")["idle_timeout.timeout_seconds"])
    assert idle < gunicorn.KEEP_ALIVE
    assert idle > max(deadlines.LONG, limits.DEADLINE, several_views.LONGEST_GRANT)


def test_a_server_that_goes_may_end_what_it_has_begun() -> None:
    delay = attributes("Servers", "TargetGroupAttributes")["deregistration_delay.timeout_seconds"]
    assert int(delay) >= limits.DEADLINE
    assert int(delay) >= MOST_SECONDS + several_views.LONGEST_GRANT


def test_it_speaks_https_with_tls_1_2_or_newer_alone() -> None:
    https = properties("HttpsListener")
    assert (https["Port"], https["Protocol"]) == (443, "HTTPS")
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23].*", https["SslPolicy"])
    assert https["Certificates"] == [{"CertificateArn": {"Ref": "CertificateArn"}}]


def test_http_leads_to_https_and_nowhere_else() -> None:
    [action] = properties("HttpListener")["DefaultActions"]
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert len(of_type("ElasticLoadBalancingV2::Listener")) == 2


def test_it_adds_to_the_header_that_cooper_takes_addresses_from() -> None:
    balancer = attributes("LoadBalancer", "LoadBalancerAttributes")
    assert balancer["routing.http.xff_header_processing.mode"] == "append"


# -- the servers --
def test_there_are_two_to_three_small_servers() -> None:
    fleet = properties("ServerFleet")
    assert (fleet["MinSize"], fleet["MaxSize"]) == ("2", "3")
    assert PARAMETERS["InstanceType"]["Default"] == "t4g.small"
    assert fleet["TargetGroupARNs"] == [{"Ref": "Servers"}]
    assert properties("ServerScaling")["AutoScalingGroupName"] == {"Ref": "ServerFleet"}


def test_a_new_release_that_does_not_answer_goes_back() -> None:
    update = RESOURCES["ServerFleet"]["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert update["WaitOnResourceSignals"] is True
    assert update["MinInstancesInService"] == 2
    script = user_data(GIVEN)
    assert "cfn-signal -e $code --stack cooper --resource ServerFleet" in script
    assert script.index("systemctl enable --now cooper") < script.index("127.0.0.1:8000/healthz")


def test_servers_stand_in_private_subnets_without_addresses_of_the_internet() -> None:
    assert properties("ServerFleet")["VPCZoneIdentifier"] == {"Ref": "ServerSubnets"}
    data = properties("ServerTemplate")["LaunchTemplateData"]
    assert "NetworkInterfaces" not in data
    assert "KeyName" not in data


def test_servers_are_reached_by_the_load_balancer_alone() -> None:
    [rule] = properties("ServerGroup")["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"]) == (8000, 8000)
    assert rule["SourceSecurityGroupId"] == {"Ref": "LoadBalancerGroup"}
    assert "CidrIp" not in rule
    assert of_type("EC2::SecurityGroupIngress") == {}


def test_credentials_of_the_role_take_a_token_and_stay_on_the_machine() -> None:
    metadata = properties("ServerTemplate")["LaunchTemplateData"]["MetadataOptions"]
    assert metadata["HttpTokens"] == "required"
    assert metadata["HttpPutResponseHopLimit"] == 1


def test_volumes_are_encrypted() -> None:
    devices = properties("ServerTemplate")["LaunchTemplateData"]["BlockDeviceMappings"]
    assert [device["Ebs"]["Encrypted"] for device in devices] == [True]


def test_vpc_endpoints_are_made_where_route_tables_are_given() -> None:
    endpoints = of_type("EC2::VPCEndpoint")
    services = [each["Properties"]["ServiceName"]["Fn::Sub"] for each in endpoints.values()]
    names = {service.rpartition(".")[2] for service in services}
    assert names == {"dynamodb", "kms", "sts", "s3", "logs"}
    assert {each["Condition"] for each in endpoints.values()} == {"HasEndpoints"}
    assert PARAMETERS["EndpointRouteTables"]["Default"] == ""


# -- alarms and the log --
def test_each_alarm_goes_to_the_topic() -> None:
    alarms = of_type("CloudWatch::Alarm")
    assert len(alarms) >= 5
    topic = {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for name, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"] == topic, name
        assert alarm["Properties"]["AlarmName"].startswith("cooper-"), name


def test_no_server_and_no_figures_at_all_are_an_alarm() -> None:
    alarm = properties("NoServerAlarm")
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["MetricName"], alarm["Threshold"]) == ("HealthyHostCount", 1)


def test_the_alarm_of_refused_starts_looks_for_what_cooper_says() -> None:
    pattern = properties("RefusedStarts")["FilterPattern"].strip('"')
    said = (ROOT / "cooper_project/management/commands/cooper_serve.py").read_text()
    assert f'"{pattern}: ' in said


def test_the_servers_log_goes_to_the_log_group() -> None:
    script = user_data(GIVEN)
    assert script.count('"log_group_name": "/cooper/server"') == 2
    assert properties("LogGroup")["LogGroupName"] == "/cooper/server"
    agent = re.findall(r"<<'EOF'\n(\{.*?)EOF\n", script, re.DOTALL)[0]
    files = json.loads(agent)["logs"]["logs_collected"]["files"]["collect_list"]
    assert files[0]["file_path"] == "/var/log/cooper.log"
    assert "StandardError=append:/var/log/cooper.log" in script


# -- cooper's settings, and the next steps --
def environment() -> dict[str, str]:
    """Return the environment that an instance gives to cooper."""
    text = user_data(GIVEN).partition("/etc/cooper/cooper.env <<'EOF'\n")[2].partition("EOF\n")[0]
    return dict(line.split("=", 1) for line in text.splitlines())


def test_its_settings_are_coopers() -> None:
    known = set(re.findall(r"^\| `(COOPER_\w+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert environment().keys() - known == set()
    assert environment()["COOPER_ADMIN_GROUPS"] == "okta:cooper-admins"
    assert environment()["COOPER_ENROLMENT"] == "code"
    assert environment()["COOPER_PUBLIC_URL"] == "https://cooper.example.com"


def test_cooper_believes_the_load_balancer_alone_where_people_come_from() -> None:
    trusted = environment()["COOPER_TRUSTED_PROXIES"].split(",")
    forged = "192.0.2.66, 203.0.113.9"
    assert forwarded.nearest_untrusted("10.0.1.7", forged, trusted) == "203.0.113.9"
    assert forwarded.nearest_untrusted("10.0.9.7", forged, trusted) == "10.0.9.7"
    port = environment()["COOPER_BIND"].rpartition(":")[2]
    assert properties("Servers")["Port"] == int(port)


def test_its_outputs_are_the_next_steps() -> None:
    """That their commands exist, tests/deploy/test_paper_commands.py looks."""
    outputs = load()["Outputs"]
    steps = [name for name in outputs if name.startswith("Step")]
    assert [name[4] for name in steps] == ["1", "2", "3", "4", "5"]
    assert all(each["Description"] for each in outputs.values())
