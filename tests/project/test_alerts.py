"""deploy/alerts.yml: each alert fires, and is silent, as Debian's promtool finds; it leads on."""

import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from prometheus_client import REGISTRY

from core import metrics
from tests.support.debian_roots import debian_root
from tests.support.paths import ROOT

FILE = ROOT / "deploy" / "alerts.yml"
RULES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())["groups"][0]["rules"]

GRANTS = 'cooper_grants_total{outcome="%s",way="console",instance="a"}'
REQUESTS = 'cooper_requests_total{status="%s",instance="a"}'
AWS = 'cooper_aws_failures_total{service="%s",operation="%s",failure="%s",instance="a"}'
CERTIFICATE = 'cooper_certificate_end_timestamp_seconds{owner="identity provider",instance="a"}'
DAY = 86_400


class Case(NamedTuple):
    """Series, a value each minute from the epoch on: with which an alert fires, and is silent."""

    fires: dict[str, str]
    silent: dict[str, str]
    minutes: int = 30


def one(series: str, fires: str, silent: str, minutes: int = 30) -> Case:
    return Case({series: fires}, {series: silent}, minutes)


CASES = {
    "CooperIsDown": one('up{job="cooper",instance="a"}', "1x10 0x30", "1x10 0 1x30"),
    "CooperIsNotReady": one('cooper_ready{service="KMS",instance="a"}', "0x40", "1x10 0 1x30"),
    "CooperAuditLogIsNotWritten": one(
        'cooper_writes_failed_total{table="audit",instance="a"}', "0+1x40", "0x20 1x20"
    ),
    "CooperGrantsFail": Case(
        {GRANTS % "done": "0+2x40", GRANTS % "failed": "0+1x40"},
        {GRANTS % "done": "0+20x40", GRANTS % "failed": "0+1x40"},
    ),
    "CooperAnswersWithErrors": Case(
        {REQUESTS % "2xx": "0+90x40", REQUESTS % "5xx": "0+10x40"},
        {REQUESTS % "2xx": "0+900x40", REQUESTS % "5xx": "0+10x40"},
    ),
    "CooperIsRefusedByAws": Case(
        {AWS % ("kms", "Decrypt", "denied"): "0+1x40"},
        {
            AWS % ("sts", "AssumeRole", "denied"): "0+1x40",
            AWS % ("dynamodb", "PutItem", "conflict"): "0+9x40",
        },
    ),
    "CooperGetsNoAnswerFromAws": Case(
        {AWS % ("sts", "AssumeRole", "no answer"): "0+2x40"},
        {AWS % ("sts", "AssumeRole", "other"): "0+2x40"},
    ),
    "CooperStsPlacesAreFull": Case(
        {
            'cooper_sts_places_taken{instance="a"}': "64x40",
            'cooper_sts_places{instance="a"}': "64x40",
        },
        {
            'cooper_sts_places_taken{instance="a"}': "40x40",
            'cooper_sts_places{instance="a"}': "64x40",
        },
    ),
    "CooperCertificateEnds": one(CERTIFICATE, f"{13 * DAY}x120", f"{40 * DAY}x120", minutes=90),
    "CooperSignInsAreFlooded": one(
        'cooper_sign_ins_total{provider="local",outcome="refused",instance="a"}',
        "0+30x40",
        "0+3x40",
    ),
    "CooperCodesAreGuessed": one(
        'cooper_step_ups_total{outcome="refused",instance="a"}', "0+4x40", "0+1x40"
    ),
    "CooperCatalogueIsOld": one(
        'cooper_catalogue_read_timestamp_seconds{instance="a"}', "60x40", "0+60x40"
    ),
    "CooperWorkersRestart": one('cooper_worker_starts_total{instance="a"}', "2+1x40", "2x10 4x30"),
    "CooperShippingLags": one(
        'cooper_ship_lag_seconds{sink="splunk",instance="a"}', "0+60x40", "120x40"
    ),
    "CooperShippedLate": one(
        'cooper_ship_events_total{when="late",instance="a"}', "0x10 1x30", "7x40"
    ),
    "CooperShipperIsAnOlderOne": one(
        'cooper_ship_restored_total{instance="a"}', "0x10 1x30", "7x40"
    ),
    "CooperAuditLogWasChanged": one(
        'cooper_ship_tampered_events_total{how="missing",instance="a"}', "0x10 1x30", "7x40"
    ),
}

KNOWN_VALUES = {
    "outcome": {*metrics.GRANT_OUTCOMES, *metrics.DONE_OR_REFUSED},
    "failure": set(metrics.FAILURES),
    "status": set(metrics.STATUSES),
    "when": set(metrics.TIMELINESS),
    "table": {"audit"},
    "service": {"sts"},
    "job": {"cooper.*"},
}


def promtool(*words: str) -> str:
    """Run it and return what it complains of, "" where all is well."""
    program = "usr/bin/promtool"
    path = debian_root("prometheus", "trixie", ("prometheus",), program) / program
    done = subprocess.run([path, *words], capture_output=True, text=True, timeout=300, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def promtool_test(
    alert: str, series: dict[str, str], minutes: int, *, fires: bool
) -> dict[str, Any]:
    """Return a test of promtool's: the alert fires, or not one of all alerts does."""
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    samples = [{"labels": "{}", "value": 1}]
    if not fires:
        # a comment of PromQL: what fails says which case it is
        query, samples = f'count(ALERTS{{alertstate="firing"}}) # without {alert}', []
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": text} for name, text in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": f"{minutes}m", "exp_samples": samples}],
    }


def write_tests(folder: Path, rules: Path) -> str:
    tests = []
    for alert, case in CASES.items():
        tests.append(promtool_test(alert, case.fires, case.minutes, fires=True))
        tests.append(promtool_test(alert, case.silent, case.minutes, fires=False))
    file = folder / "tests.yml"
    content = {"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}
    file.write_text(yaml.safe_dump(content))
    return str(file)


def test_each_alert_fires_and_is_silent(tmp_path: Path) -> None:
    assert set(CASES) == {rule["alert"] for rule in RULES}
    assert promtool("check", "rules", str(FILE)) == ""
    assert promtool("test", "rules", write_tests(tmp_path, FILE)) == ""


PLANTED = {
    'alertname=\\"CooperGrantsFail': ('outcome="failed"', 'outcome="failing"'),
    'alertname=\\"CooperShippingLags': ("> 900", "> 90000"),
    "# without CooperIsRefusedByAws": ('failure="denied",service!="sts"', 'failure="denied"'),
}


def test_promtool_notices_alerts_that_never_fire_or_fire_always(tmp_path: Path) -> None:
    text = FILE.read_text()
    for rule, planted in PLANTED.values():
        assert rule in text
        text = text.replace(rule, planted)
    rules = tmp_path / "alerts.yml"
    rules.write_text(text)

    complaints = promtool("test", "rules", write_tests(tmp_path, rules))
    assert "FAILED" in complaints
    assert complaints.count("expr:") == len(PLANTED)
    assert all(query in complaints for query in PLANTED)


def test_each_alert_goes_by_metrics_and_labels_that_there_are() -> None:
    counted = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    counted |= {f"{name}_total" for name in REGISTRY._names_to_collectors}  # type: ignore[attr-defined]
    counted |= set(REGISTRY._names_to_collectors)  # type: ignore[attr-defined]
    for rule in RULES:
        names = set(re.findall(r"cooper_\w+", rule["expr"]))
        assert names <= counted, rule["alert"]
        assert names or "up{" in rule["expr"]
        for label, text in re.findall(r'(\w+)!?=~?"([^"]+)"', rule["expr"]):
            assert set(text.split("|")) <= KNOWN_VALUES[label], (rule["alert"], text)


def test_each_alert_leads_to_what_to_do_and_nothing_else_is_there() -> None:
    papers = {rule["annotations"]["runbook"].split("#")[0] for rule in RULES}
    assert papers == {"docs/alerts.md"}
    headings = re.findall(r"^## (\S+)$", (ROOT / "docs/alerts.md").read_text(), re.MULTILINE)
    anchors = [rule["annotations"]["runbook"].split("#")[1] for rule in RULES]
    assert [heading.lower() for heading in headings] == anchors
    assert headings == [rule["alert"] for rule in RULES]
    assert {rule["labels"]["severity"] for rule in RULES} == {"critical", "warning"}


def test_the_paper_has_every_metric_and_no_other() -> None:
    counted = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in REGISTRY.collect()
        if family.name.startswith("cooper_")
    }
    table = re.findall(
        r"^\| (`cooper_.*?) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE
    )
    assert set(re.findall(r"cooper_\w+", " ".join(table))) == counted
