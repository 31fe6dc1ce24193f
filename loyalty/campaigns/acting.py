"""Start, pause, resume and end one campaign at once: a version of its own, published from the current one.

What a quote has promised it keeps; from the moment a version is current, every purchase and quote asks that version.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from loyalty.database import Connection
from loyalty.programme import publishing
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import ON, Campaign
from loyalty.refusal import Kind, Refusal

type Action = Literal["start", "pause", "resume", "end"]


def act(connection: Connection, program_id: int, code: str, action: Action, why: str, actor: str) -> int:
    """Do it and answer the version that says so. Raises Refusal: not found, or conflict for what cannot be now."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    now: datetime = row["now"]

    def changed(document: Programme) -> Programme:
        if all(campaign.code != code for campaign in document.campaigns):
            raise Refusal(Kind.NOT_FOUND, "no-such-campaign", "This programme has no such campaign.")
        campaigns = tuple(
            campaign.model_copy(update=_changes(campaign, action, now)) if campaign.code == code else campaign
            for campaign in document.campaigns
        )
        return document.model_copy(update={"campaigns": campaigns})

    return publishing.change(connection, program_id, changed, actor, why)


def _changes(campaign: Campaign, action: Action, now: datetime) -> dict[str, Any]:
    """What becomes of its state; of its start only if it is told to begin before its time."""
    state = campaign.state_at(now)
    if now >= campaign.ends_at and action != "end":
        raise _refused("Its time is over. Give it a later end first.")
    match action:
        case "start" if state == "draft":
            return {"state": "running" if campaign.starts_at <= now else "scheduled"}
        case "start" if state == "scheduled":
            return {"state": "running", "starts_at": now.replace(microsecond=0)}
        case "pause" if campaign.state in ON:
            return {"state": "paused"}
        case "resume" if campaign.state in ("paused", "ended"):
            return {"state": "running" if campaign.starts_at <= now else "scheduled"}
        case "end" if campaign.state in (*ON, "paused"):
            return {"state": "ended"}
    raise _refused(f"It is {state}: this cannot be done with it now.")


def _refused(detail: str) -> Refusal:
    return Refusal(Kind.CONFLICT, "campaign-state", detail)
