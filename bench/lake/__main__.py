"""`make bench-lake`: a generated programme of 10⁵, 10⁶ and 10⁷ facts in the warehouse on DuckDB. One JSON line last.

QUICK=1 leaves out the largest. Ends with 1 if a sum of the warehouse is not the truth's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from bench.lake import SEED
from bench.lake.measuring import Measured, measure

SIZES = (100_000, 1_000_000, 10_000_000)
TARGET = 1_000_000
LOAD_SECONDS, QUERY_MS = 10, 500
ROUNDS, LARGE_ROUNDS = 20, 6
WORDS = """What is measured: DuckDB running the warehouse's own statements over two generated years; translating them is in
the times. It is NOT a measurement of Redshift. A fact is a row of a fact table.
  load      every table's batch into an empty warehouse, derived tables and views (which are plain ones on DuckDB);
            again: the same batches once more, which must change nothing
  p95       of a metric's query, in turn unfiltered and for one year and level; the slowest metric's is the figure
  cpu       the same of processor time, which neighbours on the machine do not lengthen
  sums      points, money, units and counts in the warehouse against those counted while the programme was made
Not measured here, and null below: the export from a database (export_s, export_mb), the same by Spark (spark_ratio),
an incremental export (incremental_s) and updates lost by one (lost_updates); the generator writes the lake itself.
"""


def main(arguments: list[str]) -> int:
    """Print tables and the line; 1 if sums differ."""
    parser = argparse.ArgumentParser(prog="python -m bench.lake")
    parser.add_argument("--quick", action="store_true", help="without 10⁷")
    chosen = parser.parse_args(arguments)
    print(WORDS)
    found = {}
    for facts in SIZES[:-1] if chosen.quick else SIZES:
        one = measure(SEED, facts, LARGE_ROUNDS if facts > TARGET else ROUNDS)
        print(_told(one), flush=True)
        found[facts] = one
    _growth(found)
    differences = [difference for one in found.values() for difference in one.differences]
    target = found[TARGET]
    print(f"load ≤ {LOAD_SECONDS} s at 10⁶: {_verdict(target.load_s <= LOAD_SECONDS)} ({target.load_s:.1f} s)")
    slowest = max(target.queries_ms, key=target.p95_ms)
    print(
        f"every query's p95 ≤ {QUERY_MS} ms at 10⁶: {_verdict(target.slowest_ms <= QUERY_MS)}"
        f" ({slowest}: {target.slowest_ms:.0f} ms)"
    )
    print(f"sums: {_verdict(not differences)} {'; '.join(differences)}")
    print(json.dumps(_line(found, differences)))
    return 1 if differences else 0


def _told(one: Measured) -> str:
    return (
        f"{one.facts:>10,} facts of {one.members:,} members: made in {one.generate_s:.1f} s, written in"
        f" {one.write_s:.1f} s ({one.lake_mb:.1f} MB), loaded in {one.load_s:.1f} s ({one.load_cpu_s:.1f} s of the"
        f" processor; views {one.refresh_s:.2f} s), again in {one.again_s:.1f} s; slowest p95"
        f" {one.slowest_ms:.0f} ms (cpu {one.slowest_cpu_ms:.0f})"
    )


def _growth(found: dict[int, Measured]) -> None:
    """Each metric's p95 by size, the slowest first."""
    largest = found[max(found)]
    print(f"\n{'p95, ms':24}" + "".join(f"{one.facts:>14,}" for one in found.values()))
    for metric in sorted(largest.queries_ms, key=largest.p95_ms, reverse=True):
        print(f"{metric:24}" + "".join(f"{one.p95_ms(metric):>14.0f}" for one in found.values()))
    print()


def _verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def _line(found: dict[int, Measured], differences: list[str]) -> dict[str, object]:
    target = found[TARGET]
    return {
        "bench": "lake", "export_s": None, "export_mb": None, "spark_ratio": None, "incremental_s": None,
        "load_s": round(target.load_s, 1), "query_p95_ms": round(target.slowest_ms), "lost_updates": None,
        "load_cpu_s": round(target.load_cpu_s, 1), "query_p95_cpu_ms": round(target.slowest_cpu_ms),
        "facts": [one.facts for one in found.values()],
        "load_s_by_size": [round(one.load_s, 1) for one in found.values()],
        "query_p95_ms_by_size": [round(one.slowest_ms) for one in found.values()],
        "sums_that_differ": len(differences), "system_load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
