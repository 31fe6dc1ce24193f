"""Purchases from a file into the ledger, end to end: read, priced, booked, on a durable server of its own.

Baskets look like a grocer's: 2,500 members, about nine lines a basket, in the order of time. Every round imports a file
of its own with the code the importer function runs; the importing process is a child, so that its memory is its own.
One file more is seven times as long: the rate holds and the memory stays.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._figures import ROUNDS, Budget, Figures, spread
from local import postgres
from loyalty.database import DatabaseSettings, connect
from loyalty.importing import Progress
from loyalty.migration import migrate
from loyalty.points.accrual_file import AccrualImport
from loyalty.programme import publishing, reading

BUDGETS = {
    "import_lines_per_second": Budget(20_000, least=True),
    "import_large_lines_per_second": Budget(20_000, least=True),
    "import_peak_mb": Budget(300),
    "import_large_peak_mb": Budget(300),
}
LINES = 200_000
LARGE_LINES = 1_500_000
MEMBERS = 2_500
CHUNK_BYTES = 1 << 20
CATEGORIES = ("GROCERY", "DRUG GM", "PRODUCE", "COSMETICS", "NUTRITION", "MEAT", "DELI", "FLORAL", "PASTRY")


def run() -> Figures:
    """Lines a second and the greatest memory of the importing process in MB, for small files and for a large one."""
    root = postgres.temporary("bench-importing")
    server = postgres.start(root / "data", postgres.free_port())
    settings = DatabaseSettings("127.0.0.1", server.port, "postgres", postgres.SUPERUSER, sslmode="disable")
    try:
        with connect(settings) as owner:
            migrate(owner)
            publishing.publish_initial(owner, {})
            owner.execute(
                "select members.create_many(1, array_agg(n::text), array_agg('m' || n || '@example.com'),"
                " array_agg(null::text), array_agg('member'::text), array_agg('US'::text), array_agg('en'::text),"
                " array_agg(sha256(n::text::bytea)), 'bench') from generate_series(1, %s) n",
                (MEMBERS,),
            )
        small = [_import_file(server.port, number, LINES) for number in range(ROUNDS)]
        large_rate, large_megabytes = _import_file(server.port, ROUNDS, LARGE_LINES)
    finally:
        server.stop("immediate")
        postgres.remove(root)
    return {
        **spread("import_lines_per_second", [rate for rate, _ in small], 0),
        "import_peak_mb": round(max(megabytes for _, megabytes in small)),
        "import_large_lines_per_second": round(large_rate),
        "import_large_peak_mb": round(large_megabytes),
    }


def _import_file(port: int, number: int, lines: int) -> tuple[float, float]:
    """Lines a second and MB, of a new file of about so many lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "purchases.csv"
        written = write(path, number, lines)
        seconds, megabytes = _in_a_child(path, port)
    return written / seconds, megabytes


def write(path: Path, seed: int, lines: int = LINES) -> int:
    """Write a file of about `lines` purchase lines and say how many they are."""
    chance, written, basket = random.Random(seed), 0, 0
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=365)
    with path.open("w") as file:
        file.write("basket_id,member_number,occurred_at,category,spend_minor,currency,quantity\n")
        while written < lines:
            basket += 1
            moment += timedelta(seconds=chance.randrange(300))
            head = f"{seed}-{basket},{chance.randint(1, MEMBERS)},{moment.isoformat()}"
            for _ in range(1 + min(60, int(chance.expovariate(1 / 8.4)))):
                written += 1
                spend = chance.randint(50, 1500)
                file.write(f"{head},{chance.choice(CATEGORIES)},{spend},USD,{chance.randint(1, 3)}\n")
    return written


def _in_a_child(path: Path, port: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        seconds, megabytes = pool.apply(_import, (str(path), port))
    return seconds, megabytes


def _import(path: str, port: int) -> tuple[float, float]:
    with connect(DatabaseSettings("127.0.0.1", port, "postgres", "importer", sslmode="disable")) as connection:
        document = reading.current(connection, 1).document
        rejected: list[str] = []
        started = time.perf_counter()
        importing = AccrualImport(
            connection, 1, document, "grocer", lambda line, subject, reason: rejected.append(reason), Progress()
        )
        assert importing.run(_chunks(Path(path)))
        seconds = time.perf_counter() - started
    assert not rejected, rejected[:3]
    assert importing.progress.accepted == importing.progress.lines
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
