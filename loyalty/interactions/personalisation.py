"""Whether what a member looks at may be kept, so that it chooses what they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty.database import Connection


@dataclass(frozen=True, slots=True)
class Personalisation:
    """`source` is default, or who said so, `since` when."""

    wanted: bool
    source: str
    since: datetime | None


def of(connection: Connection, program_id: int, member_id: int) -> Personalisation:
    """What stands now."""
    row = connection.execute("select * from interactions.personalisation(%s, %s)", (program_id, member_id)).fetchone()
    assert row is not None
    return Personalisation(**row)


def choose(connection: Connection, program_id: int, member_id: int, wanted: bool) -> None:
    """As the member says; who wants it no more has what was recorded deleted. The same again changes nothing."""
    connection.execute("select interactions.choose(%s, %s, %s, 'member')", (program_id, member_id, wanted))
