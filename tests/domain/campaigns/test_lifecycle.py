"""What a campaign is at an instant, from what was wanted, the time and the money; and what may be done with it when."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.campaigns import acting
from loyalty.programme import publishing, reading
from loyalty.programme.partaking import held_out
from loyalty.programme.schema.campaigns import Campaign
from loyalty.refusal import Refusal
from tests.domain.campaigns.desk import Desk, campaign

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def said(**changes: Any) -> Campaign:
    return Campaign.model_validate_json(json.dumps(campaign("x", **changes)))


def test_python_and_sql_derive_the_same_state_and_hold_out_the_same_members(desk: Desk) -> None:
    instants = [START - timedelta(seconds=1), START, END - timedelta(microseconds=1), END]
    for state, at, exhausted in itertools.product(
        ("draft", "scheduled", "running", "paused", "ended", "exhausted"), instants, (False, True)
    ):
        one = said(state=state, starts_at=START.isoformat(), ends_at=END.isoformat())
        row = desk.owner.execute(
            "select campaigns.state_of(%s::jsonb, %s, %s) as state", (one.model_dump_json(), at, exhausted)
        ).fetchone()
        assert row == {"state": one.state_at(at, exhausted)}, (state, at, exhausted)
    one = said(holdout_percent=10)
    found = desk.owner.execute(
        "select member_id from generate_series(1, 3000) g (member_id) where campaigns.held_out('x', member_id, 10)"
    ).fetchall()
    assert [row["member_id"] for row in found] == [member for member in range(1, 3001) if held_out(one, member)]


@pytest.mark.parametrize(
    ("zone", "starts", "ends", "instants"),
    [
        ("America/New_York", "2026-07-01T00:00:00", "2026-07-02T00:00:00", ("2026-07-01T04:00", "2026-07-02T04:00")),
        # Skipped by the clocks: the skip itself. Shown twice: the first to start, the second to end.
        ("America/New_York", "2026-03-08T02:30:00", "2026-11-01T01:30:00", ("2026-03-08T07:00", "2026-11-01T06:30")),
        ("Europe/Berlin", "2026-10-25T02:30:00", "2027-03-28T02:30:00", ("2026-10-25T00:30", "2027-03-28T01:00")),
        ("UTC", "2026-07-01T00:00:00+02:00", "2026-07-02T00:00:00Z", ("2026-06-30T22:00", "2026-07-02T00:00")),
    ],
)
def test_a_clocks_time_becomes_the_instant_that_is_meant(
    zone: str, starts: str, ends: str, instants: tuple[str, str]
) -> None:
    one = said(time_zone=zone, starts_at=starts, ends_at=ends)
    told = tuple(at.astimezone(UTC).isoformat()[:16] for at in (one.starts_at, one.ends_at))
    assert told == instants
    assert Campaign.model_validate_json(one.model_dump_json()) == one


def test_a_scheduled_campaign_starts_and_ends_by_itself(desk: Desk) -> None:
    _, number = desk.member()
    row = desk.owner.execute("select clock.now() as now").fetchone()
    assert row is not None
    begin = row["now"] + timedelta(days=2)
    desk.publish(
        campaigns=[
            campaign(
                "by-itself", state="scheduled", starts_at=begin.isoformat(),
                ends_at=(begin + timedelta(days=2)).isoformat(),
            )
        ]
    )  # fmt: skip
    version = reading.current(desk.owner, 1).version
    seen = []
    for _ in range(3):
        desk.minute()
        seen.append((desk.standing("by-itself").state, desk.buy(number)))
        desk.database.shift_clock("50 hours")
    assert seen == [("scheduled", 0), ("running", 100), ("ended", 0)]
    assert reading.current(desk.owner, 1).version == version, "nobody published"
    history = desk.manager.execute("select state from campaigns.history(1, 'by-itself')").fetchall()
    assert [one["state"] for one in history] == ["scheduled", "running", "ended"]


def test_staff_are_told_once_that_a_budget_is_spent_and_again_only_after_it_was_raised(desk: Desk) -> None:
    _, number = desk.member()

    def cases() -> list[str]:
        rows = desk.owner.execute(
            "select state from casework.case where kind = 'campaign' and subject = 'told' order by opened_at, case_id"
        ).fetchall()
        return [row["state"] for row in rows]

    desk.publish(campaigns=[campaign("told", budget_minor=40)])
    assert (desk.buy(number), desk.buy(number)) == (100, 0)
    for _ in range(2):
        desk.minute()
    assert (desk.standing("told").state, cases()) == ("exhausted", ["open"])
    seen = desk.manager.execute(
        "select cases.settle_ticket(1, (select case_id from casework.waiting(1, 'campaign', 9)), 'seen', '[]',"
        " 'staff:sue', '{business-operator}') as status"
    ).fetchone()
    assert seen == {"status": "ok"}
    desk.minute()
    assert cases() == ["decided"]
    desk.publish(campaigns=[campaign("told", budget_minor=60)])
    desk.minute()
    assert (desk.standing("told").state, cases()) == ("running", ["decided"])
    assert desk.buy(number) == 50
    desk.minute()
    assert sorted(cases()) == ["decided", "open"]
    desk.publish(campaigns=[campaign("told", budget_minor=80)])
    desk.minute()
    assert sorted(cases()) == ["decided", "withdrawn"]


def test_an_action_is_a_version_of_its_own_and_stops_or_starts_at_once(desk: Desk) -> None:
    _, number = desk.member()
    desk.publish(campaigns=[campaign("acted", state="draft")])
    seen = []
    for action in ("start", "pause", "resume", "end", "resume"):
        before = reading.current(desk.owner, 1).version
        after = acting.act(desk.manager, 1, "acted", action, "because", "staff:sue")  # type: ignore[arg-type]
        assert after == before + 1
        seen.append((desk.standing("acted").state, desk.buy(number)))
    assert seen == [("running", 100), ("paused", 0), ("running", 100), ("ended", 0), ("running", 100)]
    why = desk.owner.execute("select published_by, why from programme.published order by version desc limit 1")
    assert why.fetchone() == {"published_by": "staff:sue", "why": "because"}
    for refused in ("start", "resume"):
        with pytest.raises(Refusal) as told:
            acting.act(desk.manager, 1, "acted", refused, "because", "staff:sue")  # type: ignore[arg-type]
        assert told.value.code == "campaign-state"
    with pytest.raises(Refusal):
        acting.act(desk.manager, 1, "nobody", "pause", "because", "staff:sue")


def test_a_campaign_that_was_ended_is_not_started_again_by_rolling_back(desk: Desk) -> None:
    _, number = desk.member()
    desk.publish(campaigns=[campaign("over")])
    before = reading.current(desk.owner, 1)
    desk.publish(redemption=before.document.redemption.model_dump(mode="json") | {"approval_minutes": 7})
    acting.act(desk.manager, 1, "over", "end", "no more money", "staff:sue")
    _, kept = publishing.restore(desk.manager, 1, before.version, "staff:bob", "a mistake")
    assert [(one.code, one.how) for one in kept] == [("over", "now")]
    after = reading.current(desk.owner, 1).document
    assert after.redemption == before.document.redemption
    assert (desk.standing("over").state, desk.buy(number)) == ("ended", 0)
