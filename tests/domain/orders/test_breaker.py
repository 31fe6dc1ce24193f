"""Whoever waits for a price does not wait for an Amazon that has just not answered others."""

from __future__ import annotations

import pytest

from loyalty.orders.amazon_business import NotSent, OutOfTime, Refused, Throttled, Unknown
from loyalty.orders.amazon_business.breaker import Breaker


class Amazon:
    """Counts who comes, and answers as it is told to."""

    def __init__(self) -> None:
        self.calls = 0
        self.now = 0.0
        self.opened = 0
        self.says: Exception | None = None
        self.takes = 0.0
        self.breaker = Breaker(
            failures=3, rest_seconds=20, slow_seconds=4, opened=self._opened, monotonic=lambda: self.now
        )

    def _opened(self) -> None:
        self.opened += 1

    def _answer(self) -> str:
        self.calls += 1
        self.now += self.takes
        if self.says:
            raise self.says
        return "a price"

    def ask(self) -> str:
        return self.breaker.run(self._answer)

    def fails(self, error: Exception, times: int) -> None:
        self.says = error
        for _ in range(times):
            with pytest.raises(type(error)):
                self.ask()
        self.says = None


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.mark.parametrize("silence", [NotSent("no connection"), Unknown("no answer")])
def test_after_three_failures_in_a_row_nobody_asks_for_twenty_seconds(amazon: Amazon, silence: Exception) -> None:
    amazon.fails(silence, 3)
    for amazon.now in (0.0, 19.9):
        with pytest.raises(NotSent, match="not asked"):
            amazon.ask()
    assert (amazon.calls, amazon.opened) == (3, 1)


def test_one_looks_for_all_and_its_answer_closes_it(amazon: Amazon) -> None:
    amazon.fails(Unknown("no answer"), 3)
    amazon.now = 20.0
    assert amazon.ask() == "a price"
    assert amazon.ask() == "a price"


def test_while_one_looks_the_others_do_not(amazon: Amazon) -> None:
    amazon.fails(Unknown("no answer"), 3)
    amazon.now = 20.0

    def looking() -> str:
        with pytest.raises(NotSent, match="not asked"):
            amazon.ask()
        return "a price"

    assert amazon.breaker.run(looking) == "a price"
    assert amazon.calls == 3


def test_one_look_that_fails_is_another_rest(amazon: Amazon) -> None:
    amazon.fails(Unknown("no answer"), 3)
    amazon.now = 20.0
    amazon.fails(Unknown("no answer"), 1)
    amazon.now = 39.9
    with pytest.raises(NotSent, match="not asked"):
        amazon.ask()
    assert (amazon.calls, amazon.opened) == (4, 2)


@pytest.mark.parametrize("answer", [Refused(400, "BAD", "no"), Throttled(1.0)])
def test_a_refusal_is_an_answer(amazon: Amazon, answer: Exception) -> None:
    amazon.fails(Unknown("no answer"), 2)
    amazon.fails(answer, 1)
    amazon.fails(Unknown("no answer"), 2)
    assert amazon.ask() == "a price"


def test_failures_that_are_not_in_a_row_do_not_open_it(amazon: Amazon) -> None:
    for _ in range(5):
        amazon.fails(NotSent("no connection"), 2)
        assert amazon.ask() == "a price"
    assert amazon.opened == 0


@pytest.mark.parametrize("answer", [None, Refused(404, "NONE", "no"), Throttled(1.0)])
def test_three_slow_answers_open_it_though_each_of_them_was_given(amazon: Amazon, answer: Exception | None) -> None:
    amazon.takes = 4.1
    for _ in range(3):
        if answer:
            amazon.fails(answer, 1)
        else:
            assert amazon.ask() == "a price"
    with pytest.raises(NotSent, match="not asked"):
        amazon.ask()
    assert (amazon.calls, amazon.opened) == (3, 1)


def test_an_answer_in_time_is_none_of_the_slow_ones(amazon: Amazon) -> None:
    amazon.takes = 4.0
    for _ in range(5):
        assert amazon.ask() == "a price"
    assert amazon.opened == 0


def test_a_call_for_which_there_was_no_time_says_nothing_of_amazon(amazon: Amazon) -> None:
    amazon.fails(Unknown("no answer"), 2)
    amazon.fails(OutOfTime("not asked"), 3)
    assert amazon.opened == 0
    amazon.fails(Unknown("no answer"), 1)
    assert amazon.opened == 1


def test_but_one_whose_token_took_all_the_time_was_slow(amazon: Amazon) -> None:
    amazon.takes = 18.0
    amazon.fails(OutOfTime("not asked"), 3)
    assert amazon.opened == 1
