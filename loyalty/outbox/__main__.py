"""Look at what the bus refused and send it again: python -m loyalty.outbox [show | redrive [ID…] | drop ID WHO WHY].

Comes to the database as DATABASE_* in the environment say, as the role outbox_relay. In the cloud the relay's function
does the same: invoke it with {"redrive": true}, {"redrive": ["<id>"]} or {"parked": true}.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from uuid import UUID

from loyalty.database import Connection, database
from loyalty.outbox import relaying


def main(arguments: Sequence[str], connection: Connection) -> int:
    """Do it and say so. 0: done; 1: there was nothing to do it to; 2: not understood."""
    write = sys.stdout.write
    try:
        match list(arguments):
            case [] | ["show"]:
                stands = relaying.standing(connection)
                write(f"{stands.waiting} wait, the oldest for {stands.oldest_seconds} s; {stands.parked} are parked\n")
                for row in relaying.parked(connection):
                    where = f"{row['event_id']}  {row['topic']}  key {row['key']}  programme {row['program_id']}"
                    write(f"{where}  {row['occurred_at']:%Y-%m-%d %H:%M}  {row['note']}\n")
                return 0
            case ["redrive", *events]:
                count = relaying.redrive(connection, [UUID(event) for event in events] or None)
                write(f"{count} will be sent again\n")
                return 0 if count else 1
            case ["drop", event, actor, *reason] if reason:
                dropped = relaying.drop(connection, UUID(event), " ".join(reason), actor)
                write("dropped\n" if dropped else "there is no such parked event\n")
                return 0 if dropped else 1
    except ValueError:
        write("an id looks like 01939fb0-0000-7000-8000-000000000000\n")
        return 2
    write((__doc__ or "").splitlines()[0] + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], database().connection()))
