"""Seeded storms of faults, deaths and races: every payment still ends, to the cent. A failure names its seed."""

from __future__ import annotations

import os
import random
import threading
from typing import Any
from uuid import UUID

import pytest

from loyalty.payments import tasks
from loyalty.payments.answers import Answer, TryLater
from tests.domain.payments.journey import Crash, Journey
from tests.domain.payments.rows import open_payment
from tests.domain.payments.test_faults import AFTER_EFFECT, BEFORE_EFFECT, CrashAfter
from tests.simulators.loopback import loopback

SEEDS = int(os.environ.get("PAYMENT_SEEDS", "12"))
OPERATIONS = (
    "createCheckoutSession", "getCheckoutSession", "completeCheckoutSession", "getCharge", "captureCharge",
    "cancelCharge", "createCharge", "closeChargePermission",
)  # fmt: skip
CALLS = ("open_checkout", "complete", "charge", "capture", "cancel", "authorise_again", "close", "checkout")
KINDS = (*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate")


class Storm:
    """One redemption after another on one database and one stand-in."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.answers: dict[str, Answer] = {}

    def step(self, rng: random.Random, task: str) -> None:
        """Deliver a message, perhaps to a worker that dies on the way or together with itself."""
        journey = self.journey
        good = journey.provider
        if rng.random() < 0.25:
            journey.provide(CrashAfter(good, rng.choice(CALLS), before=rng.random() < 0.5))  # type: ignore[arg-type]
        try:
            self.keep(journey.run(task))
        except Crash:
            pass
        finally:
            journey.provide(good)

    def race(self, *names: str) -> None:
        """Several workers at once."""

        def deliver(name: str) -> None:
            token = f"{name}-token" if name in tasks.WITH_TOKEN else None
            task = tasks.Task(name, 1, self.journey.redemption_id, token)
            with self.journey.database.connect("payments_worker") as worker:
                try:
                    answer = tasks.run(worker, self.journey.settings, task)
                except TryLater:
                    return
                self.keep(answer)

        threads = [threading.Thread(target=deliver, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def keep(self, answer: Any) -> None:
        if isinstance(answer, Answer):
            before = self.answers.setdefault(answer.task_token, answer)
            assert before == answer, "two answers to one task"

    def settle(self, wanted: str, rounds: int = 40) -> None:
        """Faults have stopped: the workers' own looks bring it to an answer."""
        for _ in range(rounds):
            if wanted in self.answers:
                return
            self.journey.turn_clock(seconds=100)
            with self.journey.database.connect("payments_worker") as worker:
                for work in list(tasks.due(worker, 50)):
                    try:
                        answer = tasks.run(worker, self.journey.settings, work)
                    except TryLater:
                        continue
                    if work.redemption_id == self.journey.redemption_id:
                        self.keep(answer)
                    if answer is not None:
                        tasks.answered(worker, work, answer)
        raise AssertionError(f"no answer to {wanted}: {self.journey.status()}")

    def faults(self, rng: random.Random) -> None:
        for _ in range(rng.randrange(4)):
            self.journey.stand_in.fault(rng.choice(OPERATIONS), rng.choice(KINDS), rng.choice((1, 1, 2)))

    def calm(self) -> None:
        loopback.delete(f"{self.journey.stand_in.base_url}/_simulator/faults").raise_for_status()


def one_payment(storm: Storm, seed: int) -> None:
    rng = random.Random(seed)
    journey = storm.journey
    journey.redemption_id = open_payment(journey.database, UUID(int=rng.getrandbits(128)))
    journey.amount_minor = 1000
    storm.answers = {}
    storm.faults(rng)
    for _ in range(rng.randrange(1, 4)):
        storm.step(rng, "authorise")
    storm.calm()
    storm.step(random.Random(0), "authorise")
    url = journey.status()["approval_url"]
    decision = rng.choice(("pay", "pay", "pay", "decline", "abandon", "nothing"))
    if url is not None and decision != "nothing":
        journey.stand_in.decide(url, decision)
    storm.faults(rng)
    if rng.random() < 0.3:
        storm.race("complete", "complete", *(("void",) if rng.random() < 0.5 else ()))
    for _ in range(rng.randrange(4)):
        storm.step(rng, "complete")
    authorised = journey.status()["state"] == "authorised" and "void-token" not in storm.answers
    if authorised and rng.random() < 0.3:
        journey.turn_clock(days=rng.choice((6.1, 8, 31)))
        for _ in range(rng.randrange(3)):
            storm.step(rng, "reauthorise")
    assert journey.reserved_minor() <= 1000
    amount = rng.choice((1, 700, 1000))
    ending = "capture" if authorised and rng.random() < 0.7 and journey.intend(amount) == "ok" else "void"
    for _ in range(rng.randrange(1, 4)):
        storm.step(rng, ending)
    if rng.random() < 0.3:
        storm.race(ending, ending)
    storm.calm()
    storm.step(random.Random(0), ending)
    storm.settle(f"{ending}-token")
    answer = storm.answers[f"{ending}-token"]
    if answer.output.get("state") == "captured":
        assert answer.output["captured_minor"] == amount
        assert journey.taken_minor() == amount
    else:
        assert journey.taken_minor() == 0
    assert sum(charge["captured_minor"] > 0 for charge in journey.charges()) <= 1


@pytest.mark.large
@pytest.mark.parametrize("first", [int(os.environ.get("PAYMENT_SEED", "1"))])
def test_payments_survive_a_storm(timed_journey: Journey, first: int) -> None:
    timed_journey.impatient()
    storm = Storm(timed_journey)
    for seed in range(first, first + SEEDS):
        try:
            one_payment(storm, seed)
        except Exception as error:
            error.add_note(f"PAYMENT_SEED={seed} PAYMENT_SEEDS=1")
            raise
    timed_journey.turn_clock(minutes=20)
    storm.answers = {"rest": Answer("rest")}
    with timed_journey.database.connect("payments_worker") as worker:
        for _ in range(10):
            for work in list(tasks.due(worker, 500)):
                try:
                    tasks.run(worker, timed_journey.settings, work)
                except TryLater:
                    continue
            timed_journey.turn_clock(minutes=11)
        assert list(tasks.due(worker, 500)) == [], "nothing is left to look at"
    left = timed_journey.stand_in.rows("select * from charges where state not in ('Captured', 'Canceled', 'Declined')")
    assert left == [], "nothing stays reserved on anybody's card"
    with timed_journey.database.owner() as owner:
        ours = owner.execute(
            "select coalesce(sum(captured_minor), 0)::bigint as minor from payments.payment"
        ).fetchone()
    theirs = timed_journey.stand_in.rows("select coalesce(sum(captured_minor), 0) as minor from charges")[0]
    assert ours == theirs
