"""kill -9 of the whole server under load: what was acknowledged is there once, what was not is absent or whole.

After each crash the recovered ledger must hold every acknowledged operation with the answer that was given. Then
every call that got no answer is sent again: `replay` if it had been committed, `ok` if it had not. At the end the whole
history of each member, crashes and repetitions included, must replay on the plain ledger, and every chain must verify.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local import postgres
from proofs.ledger import chain
from proofs.ledger.calls import Call, Plain
from proofs.ledger.concurrency import next_day
from proofs.ledger.history import Checker, picture
from proofs.ledger.mix import Known, Part
from proofs.ledger.place import allow_transfers, begin_day, clone, open_accounts, server, settings_of, violations
from proofs.ledger.progress import Progress
from proofs.ledger.sessions import Failed, Lost, Session
from proofs.ledger.workload import Clients, Told, open_plain

CLIENTS = 12
MEMBERS = 24
LOAD_SECONDS = (0.15, 0.6)
# A checkpoint soon after the start now and then, small buffers: recovery has something to do.
SETTINGS = (
    "log_min_messages=fatal", "shared_buffers=64MB", "checkpoint_timeout=30s", "jit=off", "full_page_writes=on",
    # One call for all files before recovery: the machine did not lose its power in truth.
    "recovery_init_sync_method=syncfs",
)  # fmt: skip
# The day turns and the history so far is replayed after so many crashes.
CRASHES_A_DAY = 10


@dataclass
class Found:
    """What was done and what was wrong; `whole` and `absent` are what unanswered calls turned out to be."""

    kills: int = 0
    acknowledged: int = 0
    whole: int = 0
    absent: int = 0
    refused: int = 0
    links: int = 0
    seconds: float = 0
    violations: list[str] = field(default_factory=list)


def run(kills: int, *, clients: int = CLIENTS, seed: int = 1, shown: bool = False) -> Found:
    """Crash a durable server so many times."""
    found = Found()
    started = time.monotonic()
    with server(durable=True, settings=SETTINGS) as running, clone(running.port) as name:
        _Crashes(running, name, clients, seed, found).run(kills, Progress("durability", "crashes", kills, shown))
    found.seconds = time.monotonic() - started
    return found


class _Crashes:
    def __init__(self, running: postgres.Server, name: str, clients: int, seed: int, found: Found) -> None:
        self._server = running
        self._settings = settings_of(running.port, name)
        self._clients = clients
        self._seed = seed
        self._chance = random.Random(seed)
        self._found = found
        self._known = Known()
        self._checker = Checker()
        self._day = datetime.now(UTC).date()
        self._calls: list[Call] = []

    def run(self, kills: int, progress: Progress) -> None:
        with self._connected() as connection:
            allow_transfers(self._settings)
            members = open_accounts(connection, MEMBERS)
            for member in members:
                self._checker.join(member, self._day)
            milliseconds = begin_day(connection, self._day)
        for number in range(kills):
            part = Part(members, 1_000_000_000, self._day, milliseconds, self._seed * 1_000_000 + number, self._known)
            told = self._load_and_kill(part)
            self._found.kills += 1
            with self._connected() as connection:
                self._recovered(connection, told)
                if (number + 1) % CRASHES_A_DAY == 0 or number + 1 == kills:
                    self._checker.check(self._day, self._calls, picture(connection, self._checker.versions()))
                    self._calls = []
                    # What the checker forgets (history._forget) nobody names any more.
                    self._known.accruals.clear()
                    self._known.waiting.clear()
                    self._known.spent.clear()
                    self._day, milliseconds = next_day(connection, self._day, number)
            progress.add(1, f"{self._found.acknowledged:,} acknowledged operations found")
        with self._connected() as connection:
            self._found.violations += self._checker.violations
            self._found.violations += [f"{name}: {count}" for name, count in violations(connection).items()]
            links, broken = chain.verify(connection)
            self._found.links = links
            self._found.violations += broken

    def _connected(self) -> contextlib.closing[Plain]:
        return contextlib.closing(open_plain(self._settings, "proof checker"))

    def _load_and_kill(self, part: Part) -> Told:
        told: list[Told] = []
        failed: list[BaseException] = []

        def load() -> None:
            try:
                with contextlib.closing(Clients(self._settings, self._clients, give_up=True)) as clients:
                    told.append(clients.run(part))
            except BaseException as error:
                failed.append(error)

        crowd = threading.Thread(target=load, daemon=True)
        crowd.start()
        time.sleep(self._chance.uniform(*LOAD_SECONDS))
        self._server.kill()
        crowd.join()
        self._server = postgres.start(self._server.data, self._server.port, durable=True, settings=SETTINGS)
        if failed:
            self._found.violations.append(f"a client met {failed[0]!r}")
            return Told()
        return told[0]

    def _recovered(self, connection: Plain, told: Told) -> None:
        done = {call.op: call for call in told.calls if call.answer is not None and call.answer[0] == "ok"}
        stands = {
            row[0]: row[1:]
            for row in connection.execute(
                b"select op_id::text, count(*) filter (where leg = 1), count(*), max(leg), max(sequence)"
                b" from points.journal where program_id = 1 and op_id = any(%s::uuid[]) group by op_id",
                ([*done, *(call.op for call in told.unanswered)],),
            )
        }
        for op, call in done.items():
            assert call.answer is not None
            version, moved = call.answer[1], call.answer[6] != 0
            self._found.acknowledged += moved
            row = stands.get(op)
            if moved and (row is None or row[0] != 1 or (version is not None and row[3] != version)):
                self._found.violations.append(f"acknowledged and then {row}: {call}")
        self._calls += told.calls
        known = {call.op for call in told.calls}
        with contextlib.closing(Session(self._settings)) as session:
            session.open()
            for call in told.unanswered:
                row = stands.get(call.op)
                if row is not None and (row[0] != 1 or row[1] != row[2]):
                    self._found.violations.append(f"neither absent nor whole: {row} {call}")
                self._ask_again(session, call, row is not None, call.op in known)
                known.add(call.op)

    def _ask_again(self, session: Session, call: Call, there: bool, known: bool) -> None:
        try:
            session.ask(call)
        except (Failed, Lost) as error:
            self._found.violations.append(f"asked again: {error!r} {call}")
            return
        assert call.answer is not None
        self._calls.append(call)
        status = call.answer[0]
        self._known.learn(call, "ok" if status == "replay" else status)
        self._found.whole += there
        self._found.absent += not there and status == "ok"
        self._found.refused += status not in ("ok", "replay")
        # An amount of nothing is refused before anybody looks for the key, which a call of some amount may have used.
        nothing = status == "invalid" and call.amount == 0
        if there and status not in ("replay", "key_reuse") and not nothing:
            self._found.violations.append(f"was there and answered {status}: {call}")
        if not there and not known and status in ("replay", "key_reuse"):
            self._found.violations.append(f"was not there and answered {status}: {call}")
