"""What the lake's bench says in its last line, of a whole run and of one that is cut short."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from bench.lake import __main__ as bench
from bench.lake import exporting
from bench.lake.exporting import Exports
from bench.lake.measuring import Measured


@pytest.fixture
def measures(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Figures without measuring anything."""
    kept = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(exporting, "measure", lambda rows: Exports(rows, 5.0, 3.0, 400.0, 8_000, 0.2, 0, 9.87))
    monkeypatch.setattr(bench, "measure", lambda _, facts, __: _measured(facts))
    yield monkeypatch
    signal.signal(signal.SIGTERM, kept)


def _measured(facts: int, *differences: str) -> Measured:
    times = {"rfm": [10.0, 20.0], "refunds": [1.0, 2.0]}
    return Measured(facts, 1, load_s=facts / 1e6, queries_ms=times, queries_cpu_ms=times, differences=list(differences))


def _last(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_a_whole_run_has_every_figure_and_ends_well(
    measures: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main([]) == 0
    told = _last(capsys)
    assert (told["partial"], told["facts"]) == (False, [100_000, 1_000_000, 10_000_000])
    assert (told["export_s"], told["spark_ratio"], told["load_s"], told["query_p95_ms"]) == (5.0, 9.9, 1.0, 20)


def test_a_run_that_is_cut_short_says_so_and_what_it_had(
    measures: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(_: int, facts: int, __: int) -> Measured:
        if facts == 1_000_000:
            os.kill(os.getpid(), signal.SIGTERM)
        return _measured(facts)

    measures.setattr(bench, "measure", cut)
    assert bench.main([]) == 130
    told = _last(capsys)
    assert (told["partial"], told["facts"], told["export_s"]) == (True, [100_000], 5.0)
    assert "load_s" not in told


def test_a_sum_that_is_not_the_truths_fails_it(
    measures: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measures.setattr(bench, "measure", lambda _, facts, __: _measured(facts, "issued: 1 in the warehouse, 2 in truth"))
    assert bench.main(["--quick"]) == 1
    assert _last(capsys)["sums_that_differ"] == 2
