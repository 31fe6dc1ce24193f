"""A product that so many points are enough for, remembered for a while: thousands are warned on one morning."""

from __future__ import annotations

import time

import psycopg

from loyalty.catalogue import browsing
from loyalty.catalogue.browsing import Asked
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Refusal

REMEMBERED_SECONDS = 900.0


class Shelf:
    """`Shelf(connection)(program_id, points)` is a title or None: the best for a round number of points below."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[tuple[int, int], tuple[float, str | None]] = {}

    def __call__(self, program_id: int, points: int) -> str | None:
        """The title of a product that costs at most `points`."""
        round_points = _rounded_down(points)
        if round_points == 0:
            return None
        known = self._known.get((program_id, round_points))
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + REMEMBERED_SECONDS, self._found(program_id, round_points))
            self._known[program_id, round_points] = known
        return known[1]

    def _found(self, program_id: int, points: int) -> str | None:
        try:
            return self._look(program_id, points)
        except (psycopg.Error, Refusal):
            return None  # the warning matters more than its example

    def _look(self, program_id: int, points: int) -> str | None:
        version = reading.current(self.connection, program_id).version
        found = browsing.page(self.connection, program_id, version, Asked(max_points=points, sort="points_down"))
        return next((str(product["title"]) for product in found["products"] if product["title"]), None)


def _rounded_down(points: int) -> int:
    """To two digits: 12345 is 12000."""
    size: int = 10 ** max(len(str(points)) - 2, 0)
    return points // size * size
