"""How soon a member is found among a million, by each way there is: the slowest middle time, in milliseconds."""

from __future__ import annotations

import os
import statistics
import time

from bench._figures import Budget, Figures
from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate
from loyalty.programme.publishing import publish_initial
from loyalty.support import finding

MEMBERS = int(os.environ.get("MEMBERS", "1000000"))
TIMES = 15
BUDGETS = {"finding_slowest_ms": Budget(50)}

# Few names, so that each has very many members: the hard case.
FIRST = (
    "Anna Maria José Lena Mia Noah Liam Emma Olivia Lucas Mateo Léa Jörg Zoë Max Marta Marc Mary Martin Ben Ella Åsa"
)
LAST = "Smith Müller Meyer García Martínez Lopez Nguyen Kim Brown Jones Schmidt Weber Wagner Novák Kowalski Rossi Silva"
ASKED = (
    "M000500000",
    "m0005",
    "müller",
    "ma",
    "anna smith",
    "garcia jose",
    "nobody of that name",
    "user7777@",
    "+1 206 555 0142",
    "(206) 555-0142",
    "0190a0b0-0000-7000-8000-000000000000",
)


def run() -> Figures:
    """The slowest way's median, and how long the members took to make."""
    data = postgres.temporary("loyalty-bench") / "data"
    server = postgres.start(data, postgres.free_port(), durable=False)
    try:
        owner = connect(DatabaseSettings("127.0.0.1", server.port, "postgres", postgres.SUPERUSER, sslmode="disable"))
        migrate(owner)
        publish_initial(owner, {})
        _people(owner)
        desk = connect(DatabaseSettings("127.0.0.1", server.port, "postgres", "manager_api", sslmode="disable"))
        slowest = 0.0
        for said in ASKED:
            took = [_milliseconds(desk, said) for _ in range(TIMES)]
            print(f"  {said:<40} {statistics.median(took):6.1f} ms", flush=True)
            slowest = max(slowest, statistics.median(took))
    finally:
        server.stop("immediate")
        postgres.remove(data.parent)
    return {"finding_members": MEMBERS, "finding_slowest_ms": round(slowest, 1)}


def _milliseconds(desk: Connection, said: str) -> float:
    started = time.perf_counter()
    finding.find(desk, 1, said)
    return (time.perf_counter() - started) * 1000


def _people(owner: Connection) -> None:
    first, last = FIRST.split(), LAST.split()
    owner.execute(
        "insert into members.member (program_id, number, email, phone, tier, country, language, request_hash,"
        " created_by, created_at) select 1, 'M' || lpad(i::text, 9, '0'), 'user' || i || '@example.com',"
        " '+1206' || lpad(((i::bigint * 7919) %% 10000000)::text, 7, '0'), 'member', 'US', 'en', '\\x00', 'bench',"
        " clock.now() from generate_series(1, %s) as i",
        (MEMBERS,),
    )
    owner.execute(
        "insert into members.address select 1, m.member_id, clock.new_id(),"
        " (%s::text[])[1 + (m.member_id * 31) %% %s] || ' ' || (%s::text[])[1 + (m.member_id * 17) %% %s],"
        " m.phone, '1 Pike Place', null, null, 'Seattle', 'WA', '98101', 'US', false, false, clock.now(), null"
        " from members.member as m",
        (first, len(first), last, len(last)),
    )
    for table in ("members.member", "members.address"):
        owner.execute(f"vacuum analyze {table}".encode())
