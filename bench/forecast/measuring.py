"""Rolling origins: at each, everything is learned anew of what was known then, by us and by the field alike."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench._figures import REPOSITORY, environment
from bench.forecast import baselines, scoring
from bench.forecast.scoring import Score
from loyalty.demand.forecasting import LEVELS, Panel, panels, train
from loyalty.demand.forecasting.quantiles import Floats, wql
from loyalty.demand.forecasting.stock import reorder_levels

# Periods that are told and how many origins, where the panel does not say.
STEPS = {"hour": 24, "day": 14, "week": 4, "month": 6, "quarter": 4, "year": 2, "number": 6}
LEAD_WEEKS = 4


@dataclass(frozen=True)
class Run:
    """A panel to be run. `truth` [series, periods]: what it is judged by; `recorded`: what the field sees of it,
    nought on days of an empty shelf too. None: what the panel says itself. `table`: the file that it was read
    from."""

    name: str
    panel: Panel
    steps: int | None = None
    origins: tuple[int, ...] | None = None
    truth: Floats | None = None
    recorded: Floats | None = None
    table: pa.Table | None = None


def read(name: str, table: pa.Table, steps: int | None = None, origins: tuple[int, ...] | None = None) -> Run:
    panel = panels.read(table)
    recorded = panels.read(table.drop_columns(["censored"])).y if "censored" in table.column_names else None
    return Run(name, panel, steps, origins, recorded=recorded, table=table)


def measure(run: Run) -> Score:
    """Both sides over all origins."""
    panel = run.panel
    steps, origins = _window(run)
    truth = panel.y if run.truth is None else run.truth
    recorded = panel.y if run.recorded is None else run.recorded
    noughts = np.zeros(len(panel.unique_ids))
    score = Score(noughts, noughts)
    for origin in origins:
        past, actual = panel.until(origin, steps), truth[:, origin : origin + steps]
        began = time.process_time()
        told = train(past, horizons={panel.step: steps}).forecast(past, steps)
        quantiles = np.stack([told.quantiles[level] for level in LEVELS], axis=2)
        scoring.add(score, actual, quantiles, panel.kind == "count")
        ours = time.process_time() - began
        for other in baselines.told(past, recorded[:, :origin], steps):
            losses = scoring.pinball(actual, other.quantiles).sum(axis=1)
            score.losses[other.name] = score.losses.get(other.name, 0) + losses
        print(
            f"  {run.name}, origin {origin}: WQL {wql(actual, quantiles):.4f}, "
            f"{ours:.0f} s of processor, the field {time.process_time() - began - ours:.0f} s",
            flush=True,
        )
    return score


def _window(run: Run) -> tuple[int, tuple[int, ...]]:
    periods = run.panel.periods
    steps = run.steps or max(1, min(STEPS[run.panel.step], periods // 6))
    if run.origins:
        return steps, run.origins
    many = 3 if periods >= 10 * steps else 1
    return steps, tuple(periods - steps * back for back in range(many, 0, -1))


def shelves(run: Run) -> dict[str, float]:
    """Order up to the level once, for a lead of four weeks: how many products run out, how much is left over by
    what was asked for. Beside the level of the textbook: thirteen weeks' mean, and 1.645 deviations."""
    panel = run.panel
    _, origins = _window(run)
    found: dict[str, list[float]] = {
        "stockouts": [],
        "left_over": [],
        "textbook_stockouts": [],
        "textbook_left_over": [],
    }
    for origin in origins:
        past = panel.until(origin, LEAD_WEEKS)
        asked = panel.y[:, origin : origin + LEAD_WEEKS].sum(axis=1)
        # What is under way is told as one sum, of the panel alone: a model is only asked where there is too little.
        level = reorder_levels(None, past, LEAD_WEEKS)
        lately = past.y[:, -13:]
        textbook = np.ceil(lately.mean(axis=1) * LEAD_WEEKS + 1.645 * lately.std(axis=1, ddof=1) * LEAD_WEEKS**0.5)
        for name, one in (("", level), ("textbook_", textbook)):
            found[f"{name}stockouts"].append(float((asked > one).mean()))
            found[f"{name}left_over"].append(float(np.maximum(one - asked, 0).sum() / asked.sum()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def cost(run: Run) -> tuple[float, float]:
    """Seconds of processor and the most memory (MB) that a process of its own takes for all of it: read the file,
    learn, tell; by 1,000 series."""
    steps, _ = _window(run)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        pq.write_table(run.table, path)
        command = [sys.executable, "-W", "ignore", "-m", "bench.forecast.measuring", str(path), str(steps)]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"), check=True,
            capture_output=True, text=True,
        )  # fmt: skip
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return seconds * 1000 / len(run.panel.unique_ids), megabytes


def _alone(path: str, steps: int) -> None:
    panel = panels.read(pq.read_table(path))
    train(panel, horizons={panel.step: steps}).forecast(panel, steps)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([round(time.process_time(), 2), round(most, 1)]))


if __name__ == "__main__":
    _alone(sys.argv[1], int(sys.argv[2]))
