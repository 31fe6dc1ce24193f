"""What staff see of the night's results: what will be asked for, what may not be had, what rises and falls, and how
good the model is. Reads only; every row comes as the database tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

# From here on a risk is listed; what is less probable is no reason to act.
LISTED_FROM = 0.1
MOST_NIGHTS, MOST_MODELS = 60, 30

type Sort = Literal["units", "growth", "range", "title"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, and of them which page. None lets everything through."""

    search: str | None = None
    category: str | None = None
    skip: int = 0
    most: int = 50


def night(connection: Connection, program_id: int) -> dict[str, Any] | None:
    """The night that is shown; None before the first."""
    return connection.execute("select * from demand.night_shown(%s)", (program_id,)).fetchone()


def expected(connection: Connection, program_id: int, wanted: Wanted, sort: Sort) -> list[dict[str, Any]]:
    """A page of the products' forecasts, four weeks each."""
    arguments = (program_id, wanted.search, wanted.category, sort, wanted.skip, wanted.most)
    return connection.execute("select * from demand.expected(%s, %s, %s, %s, %s, %s)", arguments).fetchall()


def by_category(connection: Connection, program_id: int, search: str | None) -> list[dict[str, Any]]:
    """The four weeks of each category, the largest first."""
    return connection.execute("select * from demand.expected_by_category(%s, %s)", (program_id, search)).fetchall()


def by_week(connection: Connection, program_id: int, wanted: Wanted) -> list[dict[str, Any]]:
    """What was and will be asked for, a row a week."""
    arguments = (program_id, wanted.search, wanted.category)
    return connection.execute("select * from demand.expected_by_week(%s, %s, %s)", arguments).fetchall()


def forecast_of(connection: Connection, program_id: int, asin: str) -> list[dict[str, Any]]:
    """One product's, by day and by week. Raises Refusal (not found)."""
    rows = connection.execute("select * from demand.forecast_of(%s, %s)", (program_id, asin)).fetchall()
    if not rows:
        detail = "Nothing was worked out for this product: it is not on the shelf, or came after the last night."
        raise Refusal(Kind.NOT_FOUND, "no-forecast", detail, field="asin")
    return rows


def risks(
    connection: Connection,
    program_id: int,
    wanted: Wanted,
    *,
    of_asin: str | None = None,
    cause: str | None = None,
    acted: bool | None = None,
) -> list[dict[str, Any]]:
    """What members may not get, with what was done about it; those that disappoint most first."""
    arguments = (
        *(program_id, of_asin, wanted.search, wanted.category, cause, acted, LISTED_FROM),
        *(wanted.skip, wanted.most),
    )
    rows = connection.execute("select * from demand.risks(%s, %s, %s, %s, %s, %s, %s, %s, %s)", arguments)
    return rows.fetchall()


def risks_in_all(connection: Connection, program_id: int) -> dict[str, Any]:
    """How many there are of each weight."""
    row = connection.execute("select * from demand.risks_in_all(%s, %s)", (program_id, LISTED_FROM)).fetchone()
    assert row is not None
    return row


def trends(
    connection: Connection, program_id: int, wanted: Wanted, *, of_asin: str | None = None, direction: str | None = None
) -> list[dict[str, Any]]:
    """The strongest first."""
    arguments = (program_id, of_asin, direction, wanted.search, wanted.category, wanted.skip, wanted.most)
    rows = connection.execute("select * from demand.trends_shown(%s, %s, %s, %s, %s, %s, %s)", arguments)
    return rows.fetchall()


def trends_in_all(connection: Connection, program_id: int) -> dict[str, int]:
    """How many products go which way."""
    rows = connection.execute("select * from demand.trends_in_all(%s)", (program_id,)).fetchall()
    return {row["direction"]: row["products"] for row in rows}


def nights(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """The newest first, those too that did not come to their end."""
    return connection.execute("select * from demand.nights(%s, %s)", (program_id, MOST_NIGHTS)).fetchall()


def models(connection: Connection) -> list[dict[str, Any]]:
    """The deployment's: it learns from all programmes."""
    return connection.execute("select * from demand.models(%s)", (MOST_MODELS,)).fetchall()
