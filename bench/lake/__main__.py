"""`make bench-lake`: an export of 10⁶ order lines, and generated programmes of 10⁵, 10⁶ and 10⁷ facts in the warehouse.

QUICK=1 exports a tenth and leaves out the largest. Ends with 1 if a sum of the warehouse is not the truth's or an
update was lost. One JSON line last; also of a run that is interrupted (Ctrl-C, SIGTERM), with what it had measured by
then: `partial` says that it is not all, and the run ends with 130.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

from bench.lake import SEED, exporting
from bench.lake.measuring import Measured, measure

SIZES = (100_000, 1_000_000, 10_000_000)
TARGET = 1_000_000
EXPORT_SECONDS, EXPORT_MB, LOAD_SECONDS, QUERY_MS = 8, 500, 10, 500
ROUNDS, LARGE_ROUNDS = 20, 6
ROWS, QUICK_ROWS = 1_000_000, 100_000
WORDS = """What is measured on this machine, on DuckDB. It is NOT a measurement of Redshift or Glue.
  export    order lines out of a PostgreSQL of the bench's own into sorted Parquet, checked by every rule and sum; in a
            process of its own, whose memory counts. Then what changed; then under a transaction that takes long:
            lost are lines whose newest state did not arrive
  load      a generated programme of two years: every table's batch into an empty warehouse, derived tables and views
            (plain ones on DuckDB); again: the same batches once more, which must change nothing
  p95       of a metric's query, translating it with it, in turn unfiltered and for one year and level; the slowest
            metric's is the figure
  cpu       the same of processor time, which neighbours on the machine do not lengthen
  sums      points, money, units and counts in the warehouse against those counted while the programme was made
  spark     how many times as long the Glue job takes for the same lines, both as whole processes; null: no `make spark`
A fact is a row of a fact table.
"""


@dataclass
class Found:
    """What was measured so far, of `sizes` that were to be."""

    sizes: tuple[int, ...]
    exports: exporting.Exports | None = None
    programmes: dict[int, Measured] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return self.exports is not None and len(self.programmes) == len(self.sizes)

    @property
    def differences(self) -> list[str]:
        return [difference for one in self.programmes.values() for difference in one.differences]


def main(arguments: list[str]) -> int:
    """Print tables and the line; 1 if sums differ, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.lake")
    parser.add_argument("--quick", action="store_true", help="less of both")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    print(WORDS)
    began = time.monotonic()
    found = Found(SIZES[:-1] if chosen.quick else SIZES)
    try:
        _measure(found, QUICK_ROWS if chosen.quick else ROWS)
    except KeyboardInterrupt:
        print("\nINTERRUPTED: what follows is of what was measured by then.")
    if found.programmes:
        _growth(found.programmes)
    _judge(found)
    print(json.dumps(_line(found, time.monotonic() - began)))
    if found.differences or (found.exports and found.exports.lost):
        return 1
    return 0 if found.is_whole else 130


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(found: Found, rows: int) -> None:
    found.exports = exports = exporting.measure(rows)
    print(
        f"{exports.rows:>10,} order lines exported in {exports.seconds:.1f} s ({exports.cpu_seconds:.1f} s of the"
        f" processor, {exports.peak_mb:.0f} MB); {exports.changed:,} that changed in {exports.changed_seconds:.1f} s;"
        f" {exports.lost} lost; the Glue job on Spark {_ratio(exports.spark_ratio)}",
        flush=True,
    )
    for facts in found.sizes:
        found.programmes[facts] = measure(SEED, facts, LARGE_ROUNDS if facts > TARGET else ROUNDS)
        print(_told(found.programmes[facts]), flush=True)


def _ratio(ratio: float | None) -> str:
    return "is not installed" if ratio is None else f"takes {ratio:.1f} times as long"


def _judge(found: Found) -> None:
    """Each limit, met or not, of what was measured."""
    if (exports := found.exports) is not None:
        whole = exports.rows >= ROWS
        fast = _verdict(exports.seconds <= EXPORT_SECONDS) if whole else "not judged by fewer"
        print(f"export of {ROWS:,} rows in ≤ {EXPORT_SECONDS} s: {fast} ({exports.rows:,} in {exports.seconds:.1f} s)")
        small = _verdict(exports.peak_mb <= EXPORT_MB) if whole else "not judged by fewer"
        print(f"… in ≤ {EXPORT_MB} MB: {small} ({exports.peak_mb:.0f} MB)")
        print(f"no update is lost under a long transaction: {_verdict(not exports.lost)}")
    if (target := found.programmes.get(TARGET)) is not None:
        print(f"load ≤ {LOAD_SECONDS} s at 10⁶: {_verdict(target.load_s <= LOAD_SECONDS)} ({target.load_s:.1f} s)")
        slowest = max(target.queries_ms, key=target.p95_ms)
        print(
            f"every query's p95 ≤ {QUERY_MS} ms at 10⁶: {_verdict(target.slowest_ms <= QUERY_MS)}"
            f" ({slowest}: {target.slowest_ms:.0f} ms)"
        )
    if found.programmes:
        print(f"sums: {_verdict(not found.differences)} {'; '.join(found.differences)}")


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


def _line(found: Found, seconds: float) -> dict[str, object]:
    exports, target = found.exports, found.programmes.get(TARGET)
    line: dict[str, object] = {"bench": "lake"}
    if exports is not None:
        line |= {
            "export_s": round(exports.seconds, 1), "export_mb": round(exports.peak_mb),
            "spark_ratio": exports.spark_ratio and round(exports.spark_ratio, 1),
            "incremental_s": round(exports.changed_seconds, 1),
        }  # fmt: skip
    if target is not None:
        line |= {"load_s": round(target.load_s, 1), "query_p95_ms": round(target.slowest_ms)}
    if exports is not None:
        line |= {
            "lost_updates": exports.lost, "export_rows": exports.rows, "export_cpu_s": round(exports.cpu_seconds, 1),
        }  # fmt: skip
    if target is not None:
        line |= {"load_cpu_s": round(target.load_cpu_s, 1), "query_p95_cpu_ms": round(target.slowest_cpu_ms)}
    sizes = found.programmes.values()
    return line | {
        "facts": [one.facts for one in sizes],
        "load_s_by_size": [round(one.load_s, 1) for one in sizes],
        "query_p95_ms_by_size": [round(one.slowest_ms) for one in sizes],
        "sums_that_differ": len(found.differences), "seconds": round(seconds),
        "partial": not found.is_whole, "system_load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
