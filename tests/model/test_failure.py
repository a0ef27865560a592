"""What an attempt says of its end, in one line."""

from __future__ import annotations

from theflow.model.failure import Failure


def test_a_failure_in_one_line_is_its_type_and_message():
    assert Failure.plain("ValueError", "no such order").line() == "ValueError: no such order"


def test_a_failure_without_a_message_is_its_type():
    assert Failure.plain("KeyboardInterrupt", "").line() == "KeyboardInterrupt"
