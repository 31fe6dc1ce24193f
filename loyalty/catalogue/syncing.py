"""Keeping the stored copy fresh, a bounded piece at a time: what is due comes first, the popular before the rest.

Where an invocation stops, the next one goes on: everything that says how far we are is in the stored copy itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.availability import watch
from loyalty.catalogue.storing import store, text
from loyalty.database import Connection
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    CredentialsRevoked,
    ProductSearch,
    SearchPage,
    Throttled,
)
from loyalty.orders.amazon_business.contract import MAX_ASINS_A_CALL

# Amazon's published rate of each product operation.
SECONDS_A_CALL = 2.0
BURST = 10
MAX_PAGES = 13
CATEGORY_HOURS = 24
PRODUCT_MINUTES = 180


@dataclass(frozen=True, slots=True)
class Synced:
    """What one run did, and how many products are still due."""

    categories: int
    products: int
    due: int
    stopped_by: str | None = None


class Pace:
    """One operation's bucket, kept here: no other process of ours makes many of these calls."""

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._tokens = float(BURST)
        self._since = monotonic()

    def take(self, until: float) -> bool:
        """Wait for a token; False if it would come after `until`."""
        now = self._monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._since) / SECONDS_A_CALL)
        self._since = now
        wait = max(0.0, (1 - self._tokens) * SECONDS_A_CALL)
        if now + wait > until:
            return False
        if wait:
            self._sleep(wait)
        self._tokens -= 1
        return True


def sync(
    connection: Connection,
    amazon: ProductSearch,
    program_ids: Sequence[int],
    seconds: float,
    *,
    full: bool = False,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Synced:
    """Bring the copies of programmes that share a store up to date, each answer kept for all, for at most `seconds`.

    `full`: look at everything, however lately it was looked at. Raises CredentialsRevoked; any other failure of Amazon
    ends the run early and is named in `stopped_by`.
    """
    until = monotonic() + seconds
    run = _Run(connection, amazon, program_ids, until, Pace(monotonic, sleep), Pace(monotonic, sleep), monotonic, sleep)
    stopped_by = None
    try:
        run.discover(0 if full else CATEGORY_HOURS)
        run.refresh(0 if full else PRODUCT_MINUTES)
    except CredentialsRevoked:
        raise
    except AmazonBusinessError as error:
        stopped_by = type(error).__name__
    return Synced(run.categories, run.products, run.count_due(PRODUCT_MINUTES), stopped_by)


class _Run:
    def __init__(
        self,
        connection: Connection,
        amazon: ProductSearch,
        program_ids: Sequence[int],
        until: float,
        searches: Pace,
        lookups: Pace,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._connection = connection
        self._amazon = amazon
        self._program_ids = program_ids
        self._until = until
        self._searches = searches
        self._lookups = lookups
        self._monotonic = monotonic
        self._sleep = sleep
        self.categories = 0
        self.products = 0

    def discover(self, hours: int) -> None:
        """Learn the categories, then the products of each that is due."""
        if self._category_due(hours) is None and self._know_categories():
            return
        first = self._search(None, 0)
        if first is None:
            return
        named = ((text(category)[:63], text(name)) for category, name in first.categories.items())
        names = {category: name for category, name in named if category}
        self._for_each("select catalogue.store_categories(%s, %s::jsonb)", json.dumps(names))
        # Each once: with `hours` 0 a category is due again as soon as it is done.
        for _ in names:
            category = self._category_due(hours)
            if category is None or not self._discover_one(category):
                return

    def refresh(self, minutes: int) -> None:
        """Ask for everything that is due, thirty at a time; in a full run each product once."""
        asked: set[str] = set()
        watches = [one for one in (watch(self._connection, each) for each in self._program_ids) if one]
        while self._monotonic() < self._until:
            asins = self._products_due(minutes, asked)
            if not asins or not self._lookups.take(self._until):
                return
            try:
                told = self._amazon.products_by_asins(asins)
            except Throttled as throttled:
                if not self._wait(throttled):
                    raise
                continue
            for program_id in self._program_ids:
                store(self._connection, program_id, told)
            for one in watches:
                one.note(self._connection, asins)
            asked.update(asins)
            self.products += len(asins)

    def _discover_one(self, category: str) -> bool:
        rank = 1
        for number in range(MAX_PAGES):
            page = self._search(category, number)
            if page is None:
                return False
            last = number + 1 >= min(page.pages, MAX_PAGES)
            asins = [product.asin for product in page.products if is_asin(product.asin)]
            self._for_each("select catalogue.store_found(%s, %s, %s, %s, %s)", category, asins, rank, last)
            rank += len(page.products)
            if last:
                break
        self.categories += 1
        return True

    def _search(self, category: str | None, page: int) -> SearchPage | None:
        while self._searches.take(self._until):
            try:
                return self._amazon.search_products("", category=category, page=page, sort="POPULARITY")
            except Throttled as throttled:
                if not self._wait(throttled):
                    raise
        return None

    def _wait(self, throttled: Throttled) -> bool:
        # Whatever Amazon says, a little at least: otherwise two of us could knock for ever.
        seconds = max(throttled.retry_after_seconds, SECONDS_A_CALL / 4)
        if self._monotonic() + seconds > self._until:
            return False
        self._sleep(seconds)
        return True

    def count_due(self, minutes: int) -> int:
        """Products that are due, in the programme that has the most of them."""
        return max(self._for_each("select catalogue.count_due(%s, %s) as found", minutes), default=0)

    def _category_due(self, hours: int) -> str | None:
        found = self._for_each("select catalogue.category_due(%s, %s) as found", hours)
        return next((category for category in found if category is not None), None)

    def _know_categories(self) -> bool:
        # With 0 hours every known category is due.
        return all(self._for_each("select catalogue.category_due(%s, %s) as found", 0))

    def _products_due(self, minutes: int, but: set[str]) -> tuple[str, ...]:
        most = MAX_ASINS_A_CALL + len(but)
        sql: LiteralString = "select array(select asin from catalogue.products_due(%s, %s, %s)) as found"
        found = [asin for asins in self._for_each(sql, minutes, most) for asin in asins if asin not in but]
        return tuple(dict.fromkeys(found))[:MAX_ASINS_A_CALL]

    def _for_each(self, sql: LiteralString, *values: object) -> list[Any]:
        rows = [self._connection.execute(sql, (program_id, *values)).fetchone() for program_id in self._program_ids]
        return [row.get("found") for row in rows if row]
