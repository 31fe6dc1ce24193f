"""`make bench-forecast`: how well demand is told, beside the statistical models of the field. One JSON line last.

`--panel FILE` runs any Parquet file of unique_id, time, y and what is known ahead. PANELS=dir adds the Parquet
files of a folder. Without arguments about a quarter of an hour of one core."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench._figures import REPOSITORY
from bench.forecast.measuring import Run, cost, measure, read, shelves
from bench.forecast.scoring import Score, ratios

RESULT = REPOSITORY / "build" / "bench-forecast.json"
WORDS = """At each origin both sides learn anew of what was known then; what is featured or campaigned is known ahead.
  WQL        twice the pinball loss, mean of the levels 5, 10, 25, 50, 75, 90, 95 %, by what was asked for
  naive      SeasonalNaive of statsforecast with its own intervals; a season that was not seen twice is one period
  best       of the field's statistical models, chosen after the fact, which favours them: window mean, Croston (SBA),
             TSB, ADIDA, IMAPA, AutoETS and AutoTheta, with their own intervals and with ours about their mean
  coverage   of the 80 % band. Of whole units how much of the probability given to the very number lies within it;
             "closed" is the share within the closed interval, which nought alone makes wide
  [ ]        95 % of 1,000 draws of series with replacement: how sure, were other products in the panel; not other times
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.forecast")
    parser.add_argument("--panel", type=Path, help="a Parquet file: only this one is run")
    parser.add_argument("--steps", type=int, help="periods to tell, of --panel")
    parser.add_argument("--only", help="names of panels, with commas between: only these")
    parser.add_argument("--quick", action="store_true", help="one origin of each panel")
    chosen = parser.parse_args(arguments)
    print(WORDS)
    runs = [read(chosen.panel.stem, _read(chosen.panel), chosen.steps)] if chosen.panel else _runs()
    if chosen.only:
        runs = [run for run in runs if run.name in chosen.only.split(",")]
    if chosen.quick:
        runs = [replace(run, origins=run.origins and run.origins[-1:]) for run in runs]
    scores = {run.name: measure(run) for run in runs}
    line = _line(scores)
    weekly = next((run for run in runs if run.name == "households_week"), None)
    if weekly:
        found = shelves(weekly)
        line |= {"stockouts": round(found["stockouts"], 4), "left_over": round(found["left_over"], 4)}
        line["textbook"] = [round(found["textbook_stockouts"], 4), round(found["textbook_left_over"], 4)]
    seconds, megabytes = cost(weekly or runs[0]) if (weekly or runs[0]).table is not None else (0.0, 0.0)
    line |= {"cpu_s_1000": round(seconds, 1), "rss_mb": round(megabytes), "panels": _panels(scores)}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(line) + "\n")
    print(json.dumps(line))
    return 0


def _runs() -> list[Run]:
    """What packages provide, and the files of PANELS."""
    from bench.forecast import generated, households

    bought = households.panels()
    runs = [
        read("households_week", bought["households_week"], 4, (40, 44, 48)),
        read("households_day", bought["households_day"], 14, (322, 336, 350)),
        generated.run(),
    ]
    folder = os.environ.get("PANELS")
    if not folder:
        print("left out: carparts (monthly, intermittent), which no package has: PANELS=<folder of Parquet files>\n")
        return runs
    for path in sorted(Path(folder).glob("*.parquet")):
        known = {"steps": 6, "origins": (39, 45)} if path.stem.startswith("carparts") else {}
        runs.append(read(path.stem.split("_")[0], _read(path), **known))
    return runs


def _read(path: Path) -> pa.Table:
    """A file whose time has the name of its length is one as well."""
    table = pq.read_table(path)
    if "time" not in table.column_names:
        names = [
            {"month": "time", "week": "time", "date": "time", "day": "time"}.get(name, name)
            for name in table.column_names
        ]
        table = table.rename_columns(names)
    return table


def _line(scores: dict[str, Score]) -> dict[str, object]:
    several = list(scores.values())
    naive, naive_range = ratios(several, ["SeasonalNaive"] * len(several))
    best, best_range = ratios(several, [score.best_statistical() for score in several])
    print(f"\nby SeasonalNaive   {naive:.3f} [{naive_range[0]:.3f}, {naive_range[1]:.3f}]")
    print(f"by the best of all {best:.3f} [{best_range[0]:.3f}, {best_range[1]:.3f}]\n")
    return {
        "bench": "forecast",
        "vs_seasonal_naive": round(naive, 4),
        "vs_best_statistical": round(best, 4),
        "coverage80": round(sum(score.inside / score.periods for score in several) / len(several), 4),
        "stockouts": None,
        "left_over": None,
        "ranges": {
            "vs_seasonal_naive": [round(one, 4) for one in naive_range],
            "vs_best_statistical": [round(one, 4) for one in best_range],
        },
    }


def _panels(scores: dict[str, Score]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, score in scores.items():
        best = score.best_statistical()
        print(f"{name}: WQL {score.wql(score.ours):.4f}")
        for other, losses in sorted(score.losses.items(), key=lambda one: float(one[1].sum())):
            ratio, (low, high) = ratios([score], [other])
            print(f"  {other:28s} {score.wql(losses):.4f}  ours by it {ratio:.3f} [{low:.3f}, {high:.3f}]")
        found[name] = {
            "wql": round(score.wql(score.ours), 4),
            "vs_seasonal_naive": round(score.ratio("SeasonalNaive"), 4),
            "vs_best_statistical": round(score.ratio(best), 4),
            "best_statistical": best,
            "coverage80": round(score.inside / score.periods, 4),
            "coverage80_closed": round(score.closed / score.periods, 4),
        }
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
