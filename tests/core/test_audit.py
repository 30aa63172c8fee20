"""Who an event says has acted, and for how long."""

from contextvars import Context

import pytest

from core import audit


def test_facts_end_with_the_block_that_they_were_added_in():
    with audit.acting(person="local:alice"):
        audit.add_facts(step_up="code")
        assert audit.context().extra == {"step_up": "code"}
    assert audit.context().extra == {}


def test_facts_outside_of_a_block_are_refused_since_nothing_would_take_them_off_again():
    with pytest.raises(RuntimeError):
        Context().run(audit.add_facts, step_up="code")
