"""One run: shoppers redeem, the plug is pulled, all comes back, and every redemption is followed to its ending."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from local import joining
from local.cloud import Cloud
from local.connected import Connected
from local.plug.shoppers import Shoppers
from local.told import Reckoning, reckon, violations

SAMPLE_SECONDS = 1.0
# The database first: for so long the doors still answer, with 503 and when to come again.
DATABASE_OUT_SECONDS = 3.0
ALL_OUT_SECONDS = 5.0
# The plug is pulled when so many of a hundred redemptions stand, or after so many seconds.
PULL_AT_PERCENT = 50
LONGEST_BEFORE_SECONDS = 30.0

# What a redemption is, for the screen, in the order of its way: the row's states behind each.
WAY = {
    "held": ("held", "step_up", "review"),
    "payment": ("awaiting_payment",),
    "ordering": ("ordering",),
    "settled": ("settled",),
    "going back": ("cancelled", "failed"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """`counts` by step of WAY or `closed: outcome`; None while the database is out."""

    seconds: float
    asked: int
    accepted: int
    counts: dict[str, int] | None


@dataclass
class Run:
    """`cloud` is the one that this process runs. `run` once; everything else may be read from other threads."""

    cloud: Cloud
    members: int
    stage: str = "members join"
    events: list[tuple[float, str]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    reckoning: Reckoning | None = None
    violations: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self._connected = Connected(self.cloud.state.absolute(), self.cloud.ports)
        self.shoppers = Shoppers(self._connected, self.members)
        self._began = time.monotonic()
        self._ended_at = 0.0

    @property
    def seconds(self) -> float:
        """Since the run began, until it ended."""
        return (self._ended_at or time.monotonic()) - self._began

    @property
    def good(self) -> bool:
        """Whether it ended and nothing is wrong."""
        found = self.reckoning
        return bool(self.ended and found and found.redemptions) and not self.wrong

    @property
    def wrong(self) -> list[str]:
        """All that is wrong, one line each."""
        found = self.reckoning
        reckoned = (
            [f"LOST {line}" for line in found.lost] + [f"DOUBLED {line}" for line in found.doubled] if found else []
        )
        return [*self.problems, *self.shoppers.problems, *self.shoppers.unexpected, *self.violations, *reckoned]

    def run(self, say: Callable[[str], None] = lambda _: None) -> None:
        """All of it. Never raises: what goes wrong is in `problems`."""
        self._say = say
        try:
            self._run()
        except (
            joining.Refused,
            BotoCoreError,
            ClientError,
            httpx.HTTPError,
            psycopg.Error,
            RuntimeError,
            OSError,
        ) as error:
            self.problems.append(f"{self.stage}: {type(error).__name__} {error}")
        finally:
            self.shoppers.close()
            self._ended_at = time.monotonic()
            self.ended, self.stage = True, "ended"

    def _run(self) -> None:
        since = self._clock()
        self.shoppers.join()
        self._note(f"{self.members} members have points and are signed in")
        # Who signed up is Cognito's to keep: AWS would not forget it, the emulator saves it now.
        self._connected.emulator("POST", "/_local/save")
        self.stage = "members redeem"
        over = threading.Event()
        watching = threading.Thread(target=self._watch, args=(over,), daemon=True, name="plug-watch")
        redeeming = threading.Thread(target=self.shoppers.redeem, daemon=True, name="plug-shoppers")
        watching.start()
        redeeming.start()
        self._pull()
        self.stage = "every redemption goes to its ending"
        redeeming.join()
        over.set()
        watching.join()
        self._sample()
        self.stage = "books are compared"
        self.reckoning = reckon(self._connected, self.shoppers.told, since)
        self.violations = violations(self._connected)
        self._note("compared: members' own records, redemptions, ledger, the shop's orders, the provider's charges")

    def _pull(self) -> None:
        deadline = time.monotonic() + LONGEST_BEFORE_SECONDS
        while self.shoppers.accepted * 100 < self.members * PULL_AT_PERCENT and time.monotonic() < deadline:
            time.sleep(0.02)
        self.stage = "the database is out"
        self.cloud.kill_database()
        self._note(f"kill -9: the database; {self.shoppers.accepted} redemptions stand")
        time.sleep(DATABASE_OUT_SECONDS)
        self.cloud.kill_services_and_emulator()
        self.stage = "everything is out"
        self._note("kill -9: both workers, the gateway, every function; queues and executions are forgotten with them")
        time.sleep(ALL_OUT_SECONDS)
        self.stage = "everything starts again"
        self.cloud.revive()
        self._note("all of it runs again on the same data")

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE_SECONDS):
            self._sample()

    def _sample(self) -> None:
        told = list(self.shoppers.told)
        accepted = sum(one.accepted for one in told)
        try:
            counts = self._counts([one.key for one in told])
        except psycopg.OperationalError:
            counts = None
        self.samples.append(Sample(self.seconds, len(told), accepted, counts))

    def _counts(self, keys: list[str]) -> dict[str, int]:
        with self._connected.query() as connection:
            rows = connection.execute(
                "select state, outcome, count(*) as number from redemptions.redemption"
                " where redemption_id = any (%s::uuid[]) group by 1, 2",
                (keys,),
            ).fetchall()
        counts: Counter[str] = Counter()
        for row in rows:
            step = next((step for step, states in WAY.items() if row["state"] in states), None)
            counts[step or f"closed: {row['outcome']}"] += row["number"]
        return dict(counts)

    def _clock(self) -> datetime:
        with self._connected.query() as connection:
            row = connection.execute("select clock.now() as now").fetchone()
        return row["now"] if row else datetime.now(UTC)

    def _note(self, words: str) -> None:
        self.events.append((self.seconds, words))
        self._say(f"{self.seconds:6.1f} s  {words}")

    def report(self) -> dict[str, Any]:
        """All of it as JSON can say it."""
        last = next((sample for sample in reversed(self.samples) if sample.counts is not None), None)
        found = self.reckoning
        return {
            "members": self.members,
            "stage": self.stage,
            "seconds": round(self.seconds, 1),
            "ended": self.ended,
            "good": self.good,
            "asked": len(self.shoppers.told),
            "accepted": self.shoppers.accepted,
            "counts": last.counts if last else {},
            "attempts": dict(self.shoppers.attempts),
            "lost": len(found.lost) if found else None,
            "doubled": len(found.doubled) if found else None,
            "violations": len(self.violations) if found else None,
            "outcomes": dict(found.outcomes) if found else {},
            "wrong": self.wrong,
            "events": [{"seconds": round(at, 1), "words": words} for at, words in list(self.events)],
            "samples": [
                {"seconds": round(one.seconds, 1), "asked": one.asked, "accepted": one.accepted, "counts": one.counts}
                for one in list(self.samples)
            ],
        }
