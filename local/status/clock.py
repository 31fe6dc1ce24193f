"""The clock: what time the cloud has, and the ways to turn it on."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from local.clock import UNITS, Clock, ClockRefused
from local.connected import Connected
from local.status.forms import Refused
from local.status.markup import button

# What the buttons say: amount and unit.
STEPS = (("+1 hour", "1", "hours"), ("+1 day", "1", "days"), ("+30 days", "30", "days"))
ONLY_FORWARD = (
    "There is no way back to now: what was written stays dated, and a ledger whose time runs backwards proves nothing."
    " To begin again at this machine's time: stop it, make clean, make run."
)

# More digits are no number that a person means.
LONGEST = 9

type Reading = dict[str, Any]


def read(cloud: Connected) -> Reading:
    """`now`, and `shift_seconds` ahead of the machine."""
    clock = Clock(cloud)
    return {"now": clock.now().isoformat(timespec="seconds"), "shift_seconds": clock.shift().total_seconds()}


def turn(cloud: Connected, amount: str, unit: str) -> str:
    """Turn it on and say what it shows. Raises Refused."""
    if not amount.isdecimal() or len(amount) > LONGEST:
        raise Refused("The clock goes on by a whole number, 1 or more.")
    clock = Clock(cloud)
    try:
        clock.advance(int(amount), unit)
    except ClockRefused as refused:
        raise Refused(f"The clock goes on only {refused}.") from None
    words = unit.removesuffix("s") if int(amount) == 1 else unit
    return (
        f"It is now {clock.now():%-d %B %Y, %H:%M} UTC, {int(amount)} {words} on, for the database and all stand-ins."
        " What falls due is done by the next schedule, within a minute."
    )


def now(reading: Reading) -> str:
    """The time for people, HTML."""
    if "now" not in reading:
        return ""
    return f'<time class="num">{datetime.fromisoformat(reading["now"]):%-d %B %Y, %H:%M:%S} UTC</time>'


def show(reading: Reading) -> str:
    """The section."""
    seconds = reading["shift_seconds"]
    ahead = f"{_length(seconds)} ahead of this machine's" if seconds else "the same as this machine's"
    buttons = "".join(button("/clock", words, sends={"amount": amount, "unit": unit}) for words, amount, unit in STEPS)
    units = "".join(f"<option{' selected' if unit == 'days' else ''}>{unit}</option>" for unit in UNITS)
    return (
        f'<p class="big">{now(reading)}</p><p class="quiet">{escape(ahead)}</p><div class="do">{buttons}</div>'
        '<form method="post" action="/clock"><label>Go on by<input type="number" name="amount" value="1" min="1"'
        f' max="1000"></label><label>Unit<select name="unit">{units}</select></label><button>Turn</button></form>'
        f'<p class="quiet small">Database and stand-ins move together. {escape(ONLY_FORWARD)}</p>'
    )


def _length(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.0f} seconds"
