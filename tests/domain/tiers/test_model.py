"""Whatever members, staff and time do, everybody stands where the plain model says. TIMELINES=40 for a long run."""

from __future__ import annotations

import os
from contextlib import contextmanager

from tests.conftest import _clone
from tests.domain.tiers.machine import Timeline

TIMELINES = int(os.environ.get("TIMELINES", "1"))
STEPS = int(os.environ.get("STEPS", "70"))
SEED = int(os.environ.get("SEED", "7"))


def test_everybody_stands_where_the_plain_model_says(postgres_port: int) -> None:
    for seed in range(SEED, SEED + TIMELINES):
        with contextmanager(_clone)(postgres_port) as database:
            timeline = Timeline(database, seed)
            try:
                timeline.run(STEPS)
            finally:
                timeline.world.close()
