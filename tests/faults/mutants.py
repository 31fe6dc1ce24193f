"""Deliberate bugs of the engine, each of which the storm must find: changes of SQL, of Python, of the state machine.

A change of text names what it replaces, and that must stand in its file exactly once: a mutant cannot rot into one that
changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest import mock

from lambdas import sweeper
from loyalty.migration import DATABASE_FOLDER
from loyalty.orders import placing
from loyalty.payments import authorising, capturing
from loyalty.payments.provider import OutcomeUnknown
from loyalty.payments.store import Payments, Step
from tests.faults.interpreter import DEFINITION
from tests.faults.place import Place
from tests.faults.storm import Result, run_seed

ENGINE = "redemptions/redemption_2_engine.sql"
MEMBER = "redemptions/redemption_3_member.sql"
SHIPMENTS = "redemptions/redemption_6_shipments.sql"
GIVING_BACK = "redemptions/redemption_7_giving_back.sql"
PLACING = "orders/3_placing.sql"

# So many seeds must do.
MOST_SEEDS = 600
# How many events are followed by a look at all invariants, while bugs are hunted.
LOOKS = 0.2

type Patch = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name. `sql`: (file, before, after) each; `python`: a context in which the bug lives; `machine`: what
    it makes of the state machine's definition."""

    name: str
    sql: tuple[tuple[str, str, str], ...] = ()
    python: Patch | None = None
    machine: Callable[[dict[str, Any]], None] | None = None

    def patched(self) -> dict[str, str]:
        """The files with the bug in them. Raises ValueError if what it replaces is not there exactly once."""
        bad = {file: (DATABASE_FOLDER / file).read_text() for file, _, _ in self.sql}
        for file, before, after in self.sql:
            if bad[file].count(before) != 1:
                raise ValueError(f"mutant '{self.name}': {bad[file].count(before)} times in {file}: {before!r}")
            bad[file] = bad[file].replace(before, after)
        return bad

    @contextmanager
    def alive(self, place: Place) -> Iterator[dict[str, Any] | None]:
        """The place with the bug in it, and the definition to run (None: the real one)."""
        files = {file: (DATABASE_FOLDER / file).read_text() for file, _, _ in self.sql}
        bad = self.patched()
        definition = None
        if self.machine is not None:
            definition = copy.deepcopy(DEFINITION)
            self.machine(definition["States"])
        try:
            _install(place, bad)
            with self.python() if self.python is not None else nullcontext():
                yield definition
        finally:
            _install(place, files)


def _install(place: Place, files: Mapping[str, str]) -> None:
    """Functions that are dropped and made again lose what was granted."""
    rooms = {file.partition("/")[0] for file in files}
    grants = [
        path.read_text() for room in sorted(rooms) for path in sorted((DATABASE_FOLDER / room).glob("*grants.sql"))
    ]
    for text in (*files.values(), *grants):
        place.owner.execute(text.encode(), prepare=False)


# ---- bugs of Python ----------------------------------------------------------------------------------------------


def _ask_again_blindly() -> Any:
    """A lost answer is not looked up: the order is sent once more, under another name."""
    return mock.patch.object(placing._Task, "_unknown", lambda task, reason: task._ask_again_later("lost"))


def _believe_the_lost_answer() -> Any:
    """Who has heard nothing takes it for a no."""

    def unknown(task: Any, reason: str) -> Any:
        return task._conclude(placing._rejected_by_us(reason, task._lines()))

    return mock.patch.object(placing._Task, "_unknown", unknown)


def _believe_the_repetition() -> Any:
    """A refusal of a repeated order is taken for a refusal of the order."""
    right = placing._Task._take

    def take(task: Any, result: Any, *, repeated: bool) -> Any:
        return right(task, result, repeated=False)

    return mock.patch.object(placing._Task, "_take", take)


def _lost_reservation_is_a_decline() -> Any:
    """Completing the checkout without an answer counts as declined."""

    def reserve(payments: Any, provider: Any, payment: Any) -> Any:
        step = payments.begin(payment, "complete", provider.complete_request(payment.amount))
        if step is None:
            return None
        try:
            return provider.complete(payment.session_id, step.key, step.request)
        except Exception:
            payments.record_failed(payment, "declined", "lost")
        return None

    return mock.patch.object(authorising, "_reserve", reserve)


def _lost_capture_is_a_decline() -> Any:
    """Money that was taken without an answer counts as not taken."""
    right = capturing.take

    def take(payments: Any, provider: Any, payment: Any, part_minor: int) -> None:
        try:
            right(payments, provider, payment, part_minor)
        except Exception as error:
            if isinstance(error.__cause__, OutcomeUnknown):
                payments.record_failed(payment, "declined", "lost")
            raise

    return mock.patch.object(capturing, "take", take)


def _refund_with_new_keys() -> Any:
    """Every attempt to send money back has another key."""
    numbers = count(1)
    right = Payments.begin_refund

    def begin_refund(payments: Any, payment: Any, refund: Any, request: str) -> Step | None:
        step = right(payments, payment, refund, request)
        return step and Step(step.name, f"{next(numbers):032d}", step.request)

    return mock.patch.object(Payments, "begin_refund", begin_refund)


def _nobody_replaces_the_dead() -> Any:
    """The sweeper forgets executions that died."""
    return mock.patch.dict(sweeper.RULES, {"replace_dead": lambda connection: 0})


# ---- bugs of the state machine -----------------------------------------------------------------------------------


def _release_before_void(states: dict[str, Any]) -> None:
    """First the points, then the money."""
    states["VoidIfMoney"]["Default"] = "Release"
    states["VoidIfMoney"]["Choices"][0]["Next"] = "Release"
    states["Release"]["Next"] = "VoidAfterwards"
    states["VoidAfterwards"] = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $money %}", "Next": "Void"}],
        "Default": "Done",
    }
    states["Void"]["Next"] = states["ReviewVoidBack"]["Next"] = "Done"


def _forget_the_void(states: dict[str, Any]) -> None:
    """The points return; what was reserved stays."""
    states["VoidIfMoney"]["Choices"][0]["Next"] = "Release"


def _forget_the_capture(states: dict[str, Any]) -> None:
    """An accepted order is closed without taking the money."""
    for choice in states["Settled"]["Choices"]:
        choice["Next"] = "Close"


MUTANTS = (
    Mutant("release before void", machine=_release_before_void),
    Mutant("void forgotten", machine=_forget_the_void),
    Mutant("capture forgotten", machine=_forget_the_capture),
    Mutant("re-send without look-up", python=_ask_again_blindly),
    Mutant("a lost answer is a no", python=_believe_the_lost_answer),
    Mutant("the refusal of a repetition is believed", python=_believe_the_repetition),
    Mutant(
        "the first not-found is believed",
        (
            (PLACING, "    believed := placement.not_found_count + 1 >= not_found.needed\n"
                      "        and clock.now() - since >= make_interval(secs => not_found.quiet_seconds);\n",
             "    believed := true;\n"),
            (PLACING, "set state = case when verdict = 'resend' then 'queued' else p.state end,\n        resends",
             "set state = case when verdict = 'resend' then 'withdrawn' else p.state end,\n        resends"),
        ),
    ),
    Mutant("a lost reservation is a decline", python=_lost_reservation_is_a_decline),
    Mutant("a lost capture is a decline", python=_lost_capture_is_a_decline),
    Mutant("refund without its key", python=_refund_with_new_keys),
    Mutant(
        "the whole is settled, not the accepted",
        ((ENGINE, "    set accepted_quantity = a.accepted_quantity, reasons = a.reasons,",
          "    set accepted_quantity = l.quantity, reasons = a.reasons,"),),
    ),
    Mutant(
        "the rest of a partial acceptance is forgotten",
        ((ENGINE, "    perform redemptions.return_points(redemption, redemption.points - taken_points, 'ours');", ""),),
    ),
    Mutant(
        "the whole is captured of a part",
        ((ENGINE, "payments.intend_capture(redemption.program_id, redemption.redemption_id, taken_money);",
          "payments.intend_capture(redemption.program_id, redemption.redemption_id, redemption.money_minor);"),),
    ),
    Mutant(
        "cancelled after the pivot",
        ((MEMBER, "    elsif redemption.state not in ('held', 'step_up', 'review', 'awaiting_payment') then\n"
                  "        return 'too_late';\n    end if;\n    if came_from",
          "    elsif redemption.state not in ('held', 'step_up', 'review', 'awaiting_payment', 'ordering') then\n"
          "        return 'too_late';\n    end if;\n    if came_from"),),
    ),
    Mutant("nobody replaces dead executions", python=_nobody_replaces_the_dead),
    Mutant(
        "nobody says that nothing more will leave",
        ((SHIPMENTS, "    if orders.all_due(redemption.program_id, redemption.redemption_id) and",
          "    if false and"),),
    ),
    Mutant(
        "lost units give no money back",
        ((GIVING_BACK, "    if money_minor > 0 then\n        said := payments.give_back(",
          "    if money_minor < 0 then\n        said := payments.give_back("),),
    ),
)  # fmt: skip


def hunt(place: Place, mutant: Mutant, seeds: range) -> Result | None:
    """The first seed that finds the bug; None: none of them does."""
    with mutant.alive(place) as definition:
        for seed in seeds:
            result = run_seed(place, seed, definition=definition, looks=LOOKS)
            if result.violations:
                return result
    return None
