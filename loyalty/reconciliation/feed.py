"""Amazon's transactions, page by page, at the rate Amazon allows; each is kept before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    Reconciling,
    Refused,
    Throttled,
    Transaction,
)

OPERATION = "transactions"
# Amazon says 2 a second and 10 at once; an older page of theirs says 0.5, which costs us nothing.
PER_SECOND, BURST = 0.5, 10
# Transactions come late, and Amazon's pages do not agree whether the range is of orders or of feeds.
OVERLAP_DAYS, DEEP_DAYS = 7, 45


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read. `over`: up to the instant that was asked for; else `reason` says what stopped it (empty: time)."""

    over: bool
    pages: int = 0
    news: int = 0
    reason: str = ""


def fetch(
    connection: Connection,
    amazon: Reconciling,
    program_id: int,
    connection_name: str,
    until: datetime,
    seconds_left: Callable[[], float],
    pause: Callable[[float], None],
) -> Fetched:
    """Read on until the pass is over or the time is. What went wrong is asked again the next time."""
    pages = news = 0
    again = False
    while seconds_left() > 0:
        turn = connection.execute(
            "select * from reconciliation.next_page(%s, %s, %s, %s, %s, %s, %s)",
            (program_id, connection_name, until, OVERLAP_DAYS, DEEP_DAYS, PER_SECOND, BURST),
        ).fetchone()
        assert turn is not None
        if turn["range_start"] is None:
            if turn["wait_seconds"] == 0:
                return Fetched(True, pages, news)
            pause(min(float(turn["wait_seconds"]), max(seconds_left(), 0)))
            continue
        try:
            page = amazon.transactions(turn["range_start"], turn["range_end"], turn["next_token"])
        except Throttled as error:
            connection.execute(
                "select orders.close_bucket(%s, %s, %s)", (connection_name, OPERATION, error.retry_after_seconds)
            )
            continue
        except Refused as error:
            # A token lives for a while only; without one the question itself is refused.
            if turn["next_token"] is None or again:
                return Fetched(False, pages, news, str(error))
            again = True
            connection.execute("select reconciliation.feed_again(%s)", (connection_name,))
            continue
        except AmazonBusinessError as error:
            return Fetched(False, pages, news, f"{type(error).__name__}: {error}")
        row = connection.execute(
            "select reconciliation.take_page(%s, %s, %s, %s, %s) as news",
            (
                connection_name,
                turn["range_end"],
                Jsonb([_told(one) for one in page.transactions]),
                Jsonb(list(page.unreadable)),
                page.next_token,
            ),
        ).fetchone()
        assert row is not None
        pages, news = pages + 1, news + int(row["news"])
    return Fetched(False, pages, news)


def _told(transaction: Transaction) -> dict[str, Any]:
    told = asdict(transaction)
    for name in ("transacted_at", "feed_at"):
        told[name] = told[name].isoformat() if told[name] else None
    return told
