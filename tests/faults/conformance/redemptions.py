"""The product's own state machine. Its functions and services answer by the script in its input; how the answers come
about is the business of tests/domain/redemptions."""

from __future__ import annotations

from typing import Any

from tests.faults.conformance.case import Case, product, succeeded

NO_MONEY, MONEY = {"money": False}, {"money": True}
FREE = {"released_points": 1}


def redemption(rule: str, visited: str, output: Any, begin: dict[str, Any], **script: dict[str, Any]) -> Case:
    steps = {"begin": {"return": begin}, **script}
    return Case(rule, product(), succeeded(visited, output), {"program_id": 1, "redemption_id": steps})


def goes(to: str, **facts: Any) -> dict[str, Any]:
    return {"return": {"next": to, **facts}}


ACCEPTED = {"success": {"outcome": "accepted"}}
RECORDED = {"return": {"outcome": "accepted"}}

PRODUCT = [
    redemption(
        "points only: ordered, recorded, settled",
        "Begin Enter Place RecordOrder Recorded Settle Settled Done",
        {"next": "done"},
        {"next": "place", **NO_MONEY},
        place=ACCEPTED,
        record=RECORDED,
        settle=goes("done"),
    ),
    redemption(
        "points and money: reserved, ordered, captured",
        "Begin Enter Authorise Go Gone Place RecordOrder Recorded Settle Settled Capture Close Done",
        {"next": "done"},
        {"next": "pay", **MONEY},
        authorise={"success": {"state": "authorised"}},
        go=goes("place"),
        place=ACCEPTED,
        record=RECORDED,
        settle=goes("capture"),
        capture={"success": {"state": "captured"}},
        close=goes("done"),
    ),
    redemption(
        "a release delay is waited for before it is screened and ordered",
        "Begin Enter ReleaseDelay Screen Screened Place RecordOrder Recorded Settle Settled Done",
        {"next": "done"},
        {"next": "wait", "delay_seconds": 1, **NO_MONEY},
        screen=goes("place"),
        place=ACCEPTED,
        record=RECORDED,
        settle=goes("done"),
    ),
    redemption(
        "one that was parked and let go is ordered",
        "Begin Enter AwaitScreening LookAtScreening Screened Place RecordOrder Recorded Settle Settled Done",
        {"next": "done"},
        {"next": "hold", "delay_seconds": 1, **NO_MONEY},
        await_screening=goes("place"),
        place=ACCEPTED,
        record=RECORDED,
        settle=goes("done"),
    ),
    redemption(
        "one that screening turned back gives its points back",
        "Begin Enter ReleaseDelay Screen Screened VoidIfMoney Release Done",
        FREE,
        {"next": "wait", "delay_seconds": 0, **NO_MONEY},
        screen=goes("back"),
        release={"return": FREE},
    ),
    redemption(
        "a declined payment is voided and its points given back",
        "Begin Enter Authorise TurnBack TurnedBack VoidIfMoney Void Release Done",
        FREE,
        {"next": "pay", **MONEY},
        authorise={"fail": "PaymentDeclined", "cause": "card"},
        turn_back=goes("back", **MONEY),
        void={"success": {"state": "voided"}},
        release={"return": FREE},
    ),
    redemption(
        "a void that fails is a person's work, and the points do not wait for it",
        "Begin Enter Authorise TurnBack TurnedBack VoidIfMoney Void ReviewVoidBack Release Done",
        FREE,
        {"next": "pay", **MONEY},
        authorise={"fail": "PaymentAbandoned"},
        turn_back=goes("back", **MONEY),
        void={"fail": "PaymentFailed"},
        review={"return": {"case_id": None}},
        release={"return": FREE},
    ),
    redemption(
        "a rejected order is recorded, then everything goes back",
        "Begin Enter Place RecordOrder Recorded TurnBack TurnedBack VoidIfMoney Release Done",
        FREE,
        {"next": "place", **NO_MONEY},
        place={"fail": "OrderRejected"},
        record={"return": {"outcome": "rejected"}},
        turn_back=goes("back", **NO_MONEY),
        release={"return": FREE},
    ),
    redemption(
        "whoever fails and finds an order goes forward",
        "Begin Enter Place TurnBack TurnedBack RecordOrder Recorded Settle Settled Done",
        {"next": "done"},
        {"next": "place", **NO_MONEY},
        place={"fail": "SomethingElse"},
        turn_back=goes("record", **NO_MONEY),
        record={"return": {"outcome": "partial"}},
        settle=goes("done"),
    ),
    redemption(
        "money that cannot be captured is a person's work, and the redemption closes",
        "Begin Enter Capture ReviewCapture Close Done",
        {"next": "done"},
        {"next": "capture", **MONEY},
        capture={"fail": "CaptureFailed"},
        review={"return": {"case_id": None}},
        close=goes("done"),
    ),
    redemption(
        "money for which nothing was accepted is given back",
        "Begin Enter Place RecordOrder Recorded Settle Settled VoidNothingAccepted Close Done",
        {"next": "done"},
        {"next": "place", **MONEY},
        place=ACCEPTED,
        record={"return": {"outcome": "partial"}},
        settle=goes("void"),
        void={"success": {"state": "voided"}},
        close=goes("done"),
    ),
    redemption(
        "an execution of a closed redemption does nothing",
        "Begin Enter Done",
        {"next": "done", **NO_MONEY},
        {"next": "done", **NO_MONEY},
    ),
]
