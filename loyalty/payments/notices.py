"""What a provider tells us without being asked: who said it is proved, then it is kept once, and a look follows."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.database import Connection

LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """Ids and kinds only. `related`: other ids of the provider's that lead to the payment."""

    provider: str
    event_id: str
    kind: str
    object_id: str
    related: tuple[str, ...] = ()
    is_dispute: bool = False


class Forged(Exception):
    """Nobody we know has signed this, or too long ago."""


class Unproved(Exception):
    """Whether it is genuine cannot be found out now: the sender is to come again."""


def take(connection: Connection, notice: Notice) -> str:
    """Keep it and have the worker look: new, seen (nothing happens) or unknown (kept, and nothing follows)."""
    row = connection.execute(
        "select payments.take_notice(%s, %s, %s, %s, %s, %s) as said",
        (
            notice.provider,
            _short(notice.event_id),
            _short(notice.kind),
            _short(notice.object_id),
            [_short(one) for one in notice.related],
            notice.is_dispute,
        ),
    ).fetchone()
    assert row is not None
    return str(row["said"])


def purge(connection: Connection, most: int = 1000) -> int:
    """Let go of what came 90 days ago. How much that was."""
    row = connection.execute("select payments.purge_notices(%s) as gone", (most,)).fetchone()
    assert row is not None
    return int(row["gone"])


def _short(text: str) -> str:
    return text.replace("\x00", "")[:LONGEST_ID] or "-"
