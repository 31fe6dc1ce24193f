"""Which worker runs what; and what each test folder costs beside its share of the ten minutes on two cores
(docs/decisions.md)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

SHARE_MINUTES = {
    "stacks": 1.0,
    "domain": 2.5,
    "lambdas": 0.5,
    "containers": 0.25,
    "delivery": 0.1,
    "operations": 0.1,
    "simulators": 0.25,
    "faults": 1.0,
    "fuzz": 0.5,
    "local": 2.0,
    "web": 2.5,
}


class ByFile(LoadGroupScheduling):
    """A group on one worker, and so is a file: its fixtures are made once, and who runs beside whom is not chance."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return nodeid.split("::")[0] if scope == nodeid else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """With `--dist loadgroup`; None leaves another way of sharing out to xdist."""
    return ByFile(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a folder: worker seconds, tests, budget."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, int] = defaultdict(int)
    for outcome in ("passed", "failed", "error", "skipped", ""):
        for report in terminalreporter.stats.get(outcome, []):
            if not isinstance(report, pytest.TestReport):
                continue
            parts = PurePosixPath(report.nodeid.split("::")[0]).parts
            folder = parts[1] if len(parts) > 2 else "."
            seconds[folder] += report.duration
            tests[folder] += report.when == "call"
    if not seconds:
        return
    terminalreporter.section("time by folder (worker seconds; two workers)")
    for folder, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        share = SHARE_MINUTES.get(folder)
        budget = f"of {share * 120:5.0f}" if share else ""
        mark = "  OVER: move cases to make prove" if share and spent > share * 120 else ""
        terminalreporter.write_line(f"{folder:12} {spent:7.1f} s {budget:9} {tests[folder]:5} tests{mark}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of the shared local cloud, and those that turn clocks or faults, run on one worker, one after the other."""
    for item in items:
        if item.get_closest_marker("serial") or item.get_closest_marker("cloud"):
            item.add_marker(pytest.mark.xdist_group("cloud"))
            if getattr(config.option, "loadgroup", False):
                # xdist 3.8 writes the group into a field that pytest 9.2 does not read, and scatters the tests.
                item._id = type(item._id).parse(f"{item.nodeid}@cloud")  # type: ignore[attr-defined]
