"""Schedules fire. Last of the folder, because the first minute has to pass."""

from __future__ import annotations

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD


def test_the_sweeper_runs_by_its_schedule_of_a_minute(cloud: Connected) -> None:
    assert eventually(lambda: bool(cloud.function_log(cloud.outputs["SweeperFunctionName"])), 75)
