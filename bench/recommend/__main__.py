"""`make bench-recommend`: what members buy next, foreseen by the engine and by others, on a year of groceries.

Complete Journey: known is January to November, to be foreseen is December, twice: with and without what a member had
before. NDCG and recall of the first twenty. The engine is measured by the lists that it would store. About half a
minute of one core; `--choose` tries the others' settings again on November (three minutes); `--report FILE` writes the
table as Markdown. One JSON line last; `train_s` is of one processor, since others may be at work on it: `train_wall_s`.
"""

from __future__ import annotations

import argparse
import json
import pprint
import resource
import sys
import warnings
from pathlib import Path

from bench._figures import REPOSITORY
from bench.recommend.choosing import CHOSEN, choose
from bench.recommend.comparing import Compared, compare
from bench.recommend.grocery import TEST_FROM, TEST_UNTIL, VALIDATION_FROM, task
from bench.recommend.measuring import interval
from bench.recommend.serving import stored_read_ms

RESULT = REPOSITORY / "build" / "bench-recommend.json"
HEAD = ("", "NDCG@20", "recall@20", "NDCG@20 new", "recall@20 new", "coverage", "coverage new", "seconds")


def main(arguments: list[str]) -> int:
    """Print the table and the line; 1 if any of the others is better."""
    parser = argparse.ArgumentParser(prog="python -m bench.recommend")
    parser.add_argument("--choose", action="store_true", help="try the others' settings on November, print the best")
    parser.add_argument("--validation", action="store_true", help="measure on November instead (for choosing ours)")
    parser.add_argument("--report", type=Path, help="write the table to this Markdown file")
    asked = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", module="implicit")
    if asked.choose:
        pprint.pprint(choose(), width=120)
        return 0
    cut, until = (VALIDATION_FROM, TEST_FROM) if asked.validation else (TEST_FROM, TEST_UNTIL)
    known = task(cut, until)
    print(f"{len(known.keys)} members, {len(known.asins)} products, {len(known.member)} lines before {cut}", flush=True)
    compared = compare(known, CHOSEN)
    lines = _table(compared)
    print("\n".join(lines))
    serve_ms, serve_p95_ms = stored_read_ms(compared.lists)
    figures = _figures(compared) | {
        "serve_ms": round(serve_ms, 2),
        "serve_p95_ms": round(serve_p95_ms, 2),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    if asked.report:
        asked.report.write_text("\n".join([*lines, "", "```json", json.dumps(figures), "```", ""]))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures) + "\n")
    print(json.dumps(figures))
    return 0 if figures["best"] else 1


def _figures(compared: Compared) -> dict[str, float | int | str | bool | list[float]]:
    ours, (best_again, best_new) = compared.ours, compared.best
    over_again = interval(ours.again.ndcg - best_again.again.ndcg)
    over_new = interval(ours.new.ndcg - best_new.new.ndcg)
    return {
        "bench": "recommend",
        "ndcg20_rebuy": round(ours.again.mean, 4),
        "ndcg20_new": round(ours.new.mean, 4),
        "best_baseline_rebuy": round(best_again.again.mean, 4),
        "best_baseline_new": round(best_new.new.mean, 4),
        "best_baseline_names": f"{best_again.name}; {best_new.name}",
        "ndcg20_rebuy_95": _rounded(interval(ours.again.ndcg)),
        "ndcg20_new_95": _rounded(interval(ours.new.ndcg)),
        "over_best_rebuy_95": _rounded(over_again),
        "over_best_new_95": _rounded(over_new),
        "coverage_rebuy": round(ours.again.coverage, 3),
        "coverage_new": round(ours.new.coverage, 3),
        "explained": round(compared.explained, 3),
        "chance_said": round(compared.chance_said, 4),
        "chance_was": round(compared.chance_was, 4),
        "train_s": round(compared.train_cpu_s, 2),
        "train_wall_s": round(compared.train_s, 2),
        "lists_ms_a_member": round(compared.lists_ms, 3),
        "best": ours.again.mean > best_again.again.mean and ours.new.mean > best_new.new.mean,
    }


def _table(compared: Compared) -> list[str]:
    lines = ["| " + " | ".join(HEAD) + " |", "|---" * len(HEAD) + "|"]
    for row in (*compared.others, compared.ours):
        cells = [
            f"{row.again.mean:.4f}",
            f"{row.again.recall.mean():.4f}",
            f"{row.new.mean:.4f}" if row.for_new else "–",
            f"{row.new.recall.mean():.4f}" if row.for_new else "–",
            f"{row.again.coverage:.2f}",
            f"{row.new.coverage:.2f}" if row.for_new else "–",
            f"{row.seconds:.1f}",
        ]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return lines


def _rounded(both: tuple[float, float]) -> list[float]:
    return [round(each, 4) for each in both]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
