"""How long a member's stored list takes to be read, as the member API reads it: no numpy, one call of the database."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence

from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate
from loyalty.programme.publishing import publish_initial
from loyalty.recommendations.engine import MemberScores
from loyalty.recommendations.stored import Stored

MEMBERS = 500
ROUNDS = 2
# As many candidates as the portal asks for to show eight.
MOST = 24


def stored_read_ms(lists: Sequence[MemberScores]) -> tuple[float, float]:
    """Median and 95th of a hundred, in milliseconds with the way to the database and back. Lists of other members are
    there as well; each member is read ROUNDS times, never twice in a row."""
    data = postgres.temporary("loyalty-bench") / "data"
    server = postgres.start(data, postgres.free_port(), durable=False)
    try:
        owner = connect(DatabaseSettings("127.0.0.1", server.port, "postgres", postgres.SUPERUSER, sslmode="disable"))
        migrate(owner)
        publish_initial(owner, {})
        _store(owner, lists)
        door = connect(DatabaseSettings("127.0.0.1", server.port, "postgres", "member_api", sslmode="disable"))
        took = []
        for _, member_id in itertools.product(range(ROUNDS), range(1, min(MEMBERS, len(lists)) + 1)):
            started = time.perf_counter()
            found = Stored().for_member(door, 1, member_id, MOST)
            took.append((time.perf_counter() - started) * 1000)
            if len(found) != MOST:
                raise RuntimeError(f"a list of {len(found)}, not {MOST}")
    finally:
        server.stop("immediate")
        postgres.remove(data.parent)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def _store(owner: Connection, lists: Sequence[MemberScores]) -> None:
    """Members 1, 2, … with a list each, and the products that are in them."""
    asins = sorted({asin for each in lists for asin in each.asins})
    owner.execute(
        "insert into catalogue.product (program_id, asin, kind, title, first_seen_at, checked_at)"
        " select 1, asin, 'STANDARD', 'Product ' || asin, clock.now(), clock.now() from unnest(%s::text[]) as asin",
        ([_asin(asin) for asin in asins],),
    )
    owner.execute(
        "insert into members.member (program_id, member_id, number, email, tier, country, language, request_hash,"
        " created_by, created_at) overriding system value select 1, m, 'M' || m, 'm' || m || '@members.example',"
        " 'member', 'US', 'en', '\\x00', 'bench', clock.now() from generate_series(1, %s) as m",
        (len(lists),),
    )
    with owner.cursor() as cursor:
        cursor.executemany(
            "insert into recommendations.scored (program_id, member_id, asins, scores, because, scored_at)"
            " values (1, %s, %s, %s, %s, clock.now())",
            [
                (
                    member_id,
                    [_asin(asin) for asin in each.asins],
                    list(each.scores),
                    [_asin(asin) if asin else "" for asin in each.because],
                )
                for member_id, each in enumerate(lists, start=1)
            ],
        )
    owner.execute("vacuum analyze")


def _asin(product: str) -> str:
    """Groceries have numbers; the catalogue knows names of ten signs."""
    return f"B{product:0>9}"
