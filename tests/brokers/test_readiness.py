"""When a target is complete, when it is ready, and what follows from a probe."""

from dataclasses import replace

import pytest

from brokers import readiness
from brokers.choices import State
from brokers.readiness import NOT_PROBED, PROBE_FLAGS, ProbeResult

COMPLETE = ProbeResult(
    works=True,
    external_id_enforced=True,
    tag_session=True,
    source_identity=True,
    longest_seconds=7200,
)
NO_TAGS = replace(COMPLETE, tag_session=False, findings=("no sts:TagSession",))
FAILED = ProbeResult(works=False, findings=("AWS refuses",))


# -- complete, ready -------------------------------------------------------------------------------
@pytest.mark.parametrize("lacking", ["works", *PROBE_FLAGS])
def test_a_result_that_lacks_one_thing_is_not_complete(lacking):
    assert COMPLETE.complete
    assert not replace(COMPLETE, **{lacking: False}).complete


def test_a_short_session_alone_leaves_a_result_complete():
    assert replace(COMPLETE, longest_seconds=3600, findings=("one hour",)).complete


@pytest.mark.parametrize(
    ("result", "sensitive", "accepted", "ready"),
    [
        (COMPLETE, False, False, True),
        (COMPLETE, True, False, True),
        (NO_TAGS, False, False, False),
        (NO_TAGS, False, True, True),
        (NO_TAGS, True, True, False),
        (FAILED, False, False, False),
        (FAILED, False, True, False),
        (FAILED, True, True, False),
    ],
)
def test_it_is_ready_when_nothing_is_lacking_or_the_weaker_mode_is_accepted(
    result, sensitive, accepted, ready
):
    given = readiness.is_ready(result, sensitive=sensitive, weaker_mode_accepted=accepted)
    assert given is ready


# -- the state after a probe -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "ready", "enable", "after"),
    [
        ("pending", True, False, "enabled"),
        ("pending", True, True, "enabled"),
        ("pending", False, False, "pending"),
        ("pending", False, True, None),
        ("enabled", True, True, "enabled"),
        ("enabled", True, False, "disabled"),
        ("enabled", False, True, "pending"),
        ("enabled", False, False, "disabled"),
        ("disabled", True, True, "enabled"),
        ("disabled", True, False, "disabled"),
        ("disabled", False, False, "disabled"),
        ("disabled", False, True, None),
    ],
)
def test_it_says_the_state_after_a_probe(before, ready, enable, after):
    assert readiness.state_after_probe(State(before), ready=ready, enable=enable) == after


# -- what calls for a new probe --------------------------------------------------------------------
@pytest.mark.parametrize("attribute", readiness.PROBED_ATTRIBUTES)
@pytest.mark.parametrize(("before", "after"), [(None, "x"), ("x", "y"), ("x", None)])
def test_any_change_of_what_was_probed_invalidates_the_result(attribute, before, after):
    assert readiness.invalidates_probe({attribute: (before, after)})


@pytest.mark.parametrize(
    ("before", "after", "invalidates"),
    [(3600, 3601, True), (3600, 43_200, True), (3600, 3599, False), (43_200, 900, False)],
)
def test_a_longer_session_invalidates_the_result_and_a_shorter_one_does_not(
    before, after, invalidates
):
    changes = {"max_seconds": (before, after)}
    assert readiness.invalidates_probe(changes) is invalidates
    assert readiness.needs_probe(changes) is invalidates


def test_one_change_that_matters_is_enough_among_others():
    changes = {"title": ("A", "B"), "max_seconds": (3600, 900), "policy_arns": ([], ["arn"])}
    assert readiness.invalidates_probe(changes)


@pytest.mark.parametrize(
    ("attribute", "after", "demands"),
    [
        ("sensitive", True, True),
        ("sensitive", False, False),
        ("weaker_mode_accepted", False, True),
        ("weaker_mode_accepted", True, False),
        ("title", "B", False),
    ],
)
def test_it_demands_more_of_the_result_to_be_sensitive_or_without_weaker_mode(
    attribute, after, demands
):
    changes = {attribute: (not after, after)}
    assert readiness.demands_more(changes) is demands
    assert not readiness.invalidates_probe(changes)


@pytest.mark.parametrize(
    ("changes", "how", "needs"),
    [
        ({}, {}, False),
        ({"title": ("A", "B")}, {}, False),
        ({"sensitive": (True, False)}, {}, False),
        ({"sensitive": (False, True)}, {}, True),
        ({"weaker_mode_accepted": (False, True)}, {}, True),
        ({"weaker_mode_accepted": (True, False)}, {}, True),
        ({"role_arn": ("a", "b")}, {}, True),
        ({}, {"adding": True}, True),
        ({}, {"enabling": True}, True),
    ],
)
def test_it_says_what_has_to_be_probed_before_it_is_saved(changes, how, needs):
    assert readiness.needs_probe(changes, **how) is needs


# -- the result as attributes ----------------------------------------------------------------------
@pytest.mark.parametrize("result", [COMPLETE, NO_TAGS, FAILED])
def test_a_role_keeps_a_result_and_gives_it_back(result):
    attributes = readiness.attributes_from(result.stored(), is_role=True)
    assert attributes.keys() == NOT_PROBED.keys()
    kept = result.stored()
    kept.pop("places")
    assert readiness.result_from(attributes) == kept

    known = readiness.known_result(attributes, is_role=True)
    assert known == replace(result, findings=())


def test_a_federated_user_keeps_no_source_identity_and_is_complete_all_the_same():
    attributes = readiness.attributes_from(COMPLETE.stored(), is_role=False)
    assert attributes["source_identity"] is False
    assert readiness.known_result(attributes, is_role=False).complete
    assert not readiness.known_result(attributes, is_role=True).complete


def test_a_federated_user_without_tags_is_not_complete():
    attributes = readiness.attributes_from(NO_TAGS.stored(), is_role=False)
    known = readiness.known_result(attributes, is_role=False)
    assert known.works and not known.complete


@pytest.mark.parametrize("is_role", [True, False])
def test_nothing_is_known_before_the_first_probe(is_role):
    known = readiness.known_result(NOT_PROBED, is_role=is_role)
    assert not known.works and not known.complete
    assert readiness.result_from(NOT_PROBED) == {}


def test_flags_that_a_file_tells_without_their_result_mean_that_it_works():
    from_file = {"tag_session": True, "longest_seconds": 7200}
    attributes = readiness.attributes_from(from_file, is_role=True)
    assert attributes["probe"] is None and attributes["external_id_enforced"] is False

    known = readiness.known_result(attributes, is_role=True)
    assert known.works and not known.complete and known.longest_seconds == 7200
    assert readiness.result_from(attributes) == from_file


def test_flags_do_not_outweigh_a_result_that_failed():
    attributes = readiness.attributes_from(COMPLETE.stored() | {"works": False}, is_role=True)
    assert not readiness.known_result(attributes, is_role=True).complete


# -- in words --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("result", "sensitive", "words"),
    [
        (FAILED, False, "Nobody can become it yet"),
        (FAILED, True, "Nobody can become it yet"),
        (NO_TAGS, True, "cannot use weaker mode"),
        (NO_TAGS, False, "or accept the weaker mode"),
    ],
)
def test_it_advises_what_to_do_about_a_target_that_is_not_ready(result, sensitive, words):
    assert words in readiness.advice(result, sensitive=sensitive)


@pytest.mark.parametrize(
    ("result", "state", "accepted", "first"),
    [
        (COMPLETE, State.ENABLED, False, "The test succeeded. The target is enabled."),
        (COMPLETE, State.ENABLED, True, "The test succeeded. The target is enabled."),
        (NO_TAGS, State.ENABLED, True, "The test succeeded. The target is enabled in weaker mode."),
        (COMPLETE, State.DISABLED, False, "The test succeeded. The target is disabled."),
        (NO_TAGS, State.PENDING, False, "The target is pending: nobody can become it yet."),
        (NO_TAGS, State.DISABLED, False, "The target is disabled, and not ready to be enabled."),
    ],
)
def test_it_reports_in_one_line_how_the_probe_went(result, state, accepted, first):
    line = readiness.report(result, state, sensitive=False, weaker_mode_accepted=accepted)
    assert line.startswith(first)


def test_findings_are_grouped_by_what_they_are_about():
    result = {"findings": ["a", "b", "c"], "places": ["role_arn", "", "role_arn"]}
    assert readiness.findings_by_place(result) == {"role_arn": ["a", "c"], "": ["b"]}


@pytest.mark.parametrize("places", [[], ["role_arn", "max_seconds"]])
def test_findings_without_a_place_each_are_elsewhere(places):
    result = {"findings": ["a"], "places": places}
    assert readiness.findings_by_place(result) == {"": ["a"]}
