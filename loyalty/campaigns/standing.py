"""Every campaign with its money and the state it is in now; and of one what it has done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from loyalty.campaigns import comparing
from loyalty.campaigns.comparing import Group
from loyalty.database import Connection
from loyalty.programme.schema.campaigns import Campaign
from loyalty.refusal import Kind, Refusal

type State = Literal["draft", "scheduled", "running", "paused", "ended", "exhausted", "removed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign's money in minor units of `currency`: budget = spent + reserved (open quotes) + left.

    `said` is the document's, none if it has left the document. `since` and `started_at`: as the sweeper saw it.
    """

    campaign: str
    place: int | None
    said: Campaign | None
    state: State
    since: datetime | None
    started_at: datetime | None
    funder: str
    currency: str
    budget_minor: int
    spent_minor: int
    reserved_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both groups did from the start until `until`."""

    until: datetime
    treated: Group
    held_out: Group
    enough: bool
    share: comparing.Difference | None
    deeds: comparing.Difference | None
    points: comparing.Difference | None


@dataclass(frozen=True, slots=True)
class Day:
    """What was promised on a day and is still spent; `members` had something of it."""

    day: date
    spent_minor: int
    uses: int
    members: int


@dataclass(frozen=True, slots=True)
class Change:
    """A state, and when it was first seen."""

    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """`reached`: members who had something. Without a comparison: nobody is held out, or it is not counted yet."""

    reached: int
    days: tuple[Day, ...]
    history: tuple[Change, ...]
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many are in an audience; none: it is being counted."""

    audience: str
    members: int | None
    counted_at: datetime | None


def all_of(connection: Connection, program_id: int) -> list[Standing]:
    """Every campaign that ever had a budget, by code."""
    rows = connection.execute("select * from campaigns.standing(%s)", (program_id,)).fetchall()
    return [Standing(**{**row, "said": _said(row["said"])}) for row in rows]


def one(connection: Connection, program_id: int, code: str) -> Standing:
    """Raises Refusal (not found)."""
    found = next((each for each in all_of(connection, program_id) if each.campaign == code), None)
    if found is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-campaign", "This programme has no such campaign.")
    return found


def results(connection: Connection, program_id: int, standing: Standing) -> Results:
    """What it has done so far."""
    code, zone = standing.campaign, standing.said.time_zone if standing.said else "UTC"
    reached = connection.execute("select campaigns.reached(%s, %s) as members", (program_id, code)).fetchone()
    assert reached is not None
    days = connection.execute("select * from campaigns.spending(%s, %s, %s)", (program_id, code, zone)).fetchall()
    history = connection.execute("select * from campaigns.history(%s, %s)", (program_id, code)).fetchall()
    return Results(
        reached["members"],
        tuple(Day(row["day"], round(row["spent_minor"]), row["uses"], row["members"]) for row in days),
        tuple(Change(row["state"], row["at"]) for row in history),
        _comparison(connection, program_id, code),
    )


def audiences(connection: Connection, program_id: int) -> list[Counted]:
    """The document's, as counted."""
    rows = connection.execute("select * from campaigns.audiences(%s)", (program_id,)).fetchall()
    return [Counted(**row) for row in rows]


def _comparison(connection: Connection, program_id: int, code: str) -> Comparison | None:
    rows = connection.execute("select * from campaigns.measured(%s, %s)", (program_id, code)).fetchall()
    groups = {
        row["held_out"]: Group(
            row["members"], row["active"], row["deeds"], int(row["deeds_squared"]), int(row["points"]),
            int(row["points_squared"]),
        )
        for row in rows
    }  # fmt: skip
    if len(groups) < 2:
        return None
    treated, held_out = groups[False], groups[True]
    enough = comparing.enough(treated, held_out)
    return Comparison(
        rows[0]["until"],
        treated,
        held_out,
        enough,
        comparing.of_shares(treated, held_out) if enough else None,
        comparing.of_deeds(treated, held_out) if enough else None,
        comparing.of_points(treated, held_out) if enough else None,
    )


def _said(told: dict[str, object] | None) -> Campaign | None:
    # The database has it from a version that was checked; JSON is what the document's types read.
    return Campaign.model_validate_json(json.dumps(told)) if told is not None else None
