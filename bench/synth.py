"""A synth of the whole app (`full`: every optional system on) against a CDK app of one topic, in processor time.

Both sides write into folders of their own, with the rules off, bytecode compiled and assets built by a run before.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench._figures import ROUNDS, Budget, Figures, cpu_seconds, environment, spread

BUDGETS = {"synth_ratio": Budget(8)}


def run() -> Figures:
    """Seconds of processor time of both, and the ratio of each round's pair."""
    ours, one_topic = [], []
    for counts in [False, *[True] * ROUNDS]:
        pair = _synth("-m", "bench._one_topic"), _synth("app.py", "-c", "checks=off")
        if counts:
            one_topic.append(pair[0])
            ours.append(pair[1])
    return {
        **spread("synth_ratio", [mine / theirs for mine, theirs in zip(ours, one_topic, strict=True)], 1),
        **spread("synth_cpu_seconds", ours, 2),
        **spread("synth_one_topic_cpu_seconds", one_topic, 2),
    }


def _synth(*arguments: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(
            CDK_OUTDIR=str(Path(folder) / "cdk.out"), JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION="1"
        )
        return cpu_seconds([sys.executable, *arguments], variables)
