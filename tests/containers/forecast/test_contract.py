"""The image as SageMaker uses it: exit codes, the failure file, SIGTERM, /ping and /invocations."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers.forecast.__main__ import main
from containers.forecast.bundles import LARGEST_BYTES
from containers.forecast.ending import LONGEST_REASON, Unusable
from containers.forecast.places import Places
from containers.forecast.serving import Server

ZIP = {"Content-Type": "application/zip"}


def _child(body: str, places: Path) -> subprocess.Popen[bytes]:
    """A process that does this as its job."""
    program = f"""
import sys, time
from containers.forecast.ending import Unusable, ended
from containers.forecast.places import Places
def job(places):
{textwrap.indent(body, "    ")}
sys.exit(ended(job, Places.of_environment()))
"""
    environment = {"OPT_ML": str(places), "PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ("pass", 0, ""),
        ("raise Unusable('the column units is missing')", 2, "the column units is missing"),
        ("raise KeyError('x' * 5000)", 1, f"KeyError: '{'x' * 5000}"[:LONGEST_REASON]),
    ],
)
def test_a_job_ends_with_its_code_and_leaves_its_reason(tmp_path: Path, body: str, code: int, reason: str) -> None:
    assert _child(body, tmp_path).wait(20) == code
    for name in ("failure", "message"):
        file = tmp_path / "output" / name
        assert (file.read_text() if file.exists() else "") == reason


def test_sigterm_ends_a_job_at_once_and_leaves_no_reason(tmp_path: Path) -> None:
    child = _child("print('works', flush=True)\ntime.sleep(30)", tmp_path)
    assert child.stdout is not None
    assert child.stdout.readline() == b"works\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(5) == 143
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("arguments", [[], ["dance"], ["train", "twice"]])
def test_a_command_that_is_none_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "train | serve | prepare | analyse" in capsys.readouterr().err


def test_serving_without_a_model_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_ML", str(tmp_path))
    assert main(["serve"]) == 2


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [({"rounds": "9"}, "there is no hyperparameter rounds"), ({"seed": "x"}, "whole number"), ({}, "no object")],
)
def test_training_says_what_it_cannot_use(tmp_path: Path, hyperparameters: dict[str, str], reason: str) -> None:
    from containers.forecast.training import train

    (tmp_path / "input" / "config").mkdir(parents=True)
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    with pytest.raises(Unusable, match=reason):
        train(Places(tmp_path))


class _Slow:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, body: bytes) -> bytes:
        match body:
            case b"bad":
                raise Unusable("this is no object of a panel")
            case b"broken":
                raise ZeroDivisionError
            case b"slow":
                self.begun.set()
                assert self.go.wait(10)
        return body[::-1]


@pytest.fixture
def served() -> Iterator[tuple[int, _Slow]]:
    answer = _Slow()
    server = Server(answer, port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_address[1], answer
    server.shutdown()
    server.server_close()


def _asked(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_health_and_limits_are_told(served: tuple[int, _Slow]) -> None:
    port, _ = served
    assert _asked(port, "GET", "/ping") == (200, b"")
    status, told = _asked(port, "GET", "/execution-parameters")
    assert status == 200
    limits = json.loads(told)
    assert limits["MaxConcurrentTransforms"] == 1
    # SageMaker's own limit of both together.
    assert limits["MaxPayloadInMB"] * limits["MaxConcurrentTransforms"] <= 100


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"abc", ZIP, 200),
        (b"bad", ZIP, 400),
        (b"broken", ZIP, 500),
        (b"abc", {"Content-Type": "text/csv"}, 415),
        (b"abc", {}, 415),
        (None, {**ZIP, "Content-Length": str(LARGEST_BYTES + 1)}, 413),
        (None, {**ZIP, "Content-Length": "many"}, 411),
        (None, {**ZIP, "Content-Length": "-1"}, 411),
    ],
)
def test_a_payload_is_answered_or_refused_by_its_own_fault(
    served: tuple[int, _Slow], body: bytes | None, headers: dict[str, str], status: int
) -> None:
    port, _ = served
    found, told = _asked(port, "POST", "/invocations", body, headers)
    assert found == status
    assert told == b"cba" if status == 200 else json.loads(told)["problem"]
    assert _asked(port, "GET", "/ping") == (200, b"")


def test_other_paths_are_not_there(served: tuple[int, _Slow]) -> None:
    port, _ = served
    assert _asked(port, "GET", "/")[0] == 404
    assert _asked(port, "POST", "/ping", b"abc", ZIP)[0] == 404


def test_health_is_told_while_a_forecast_is_made(served: tuple[int, _Slow]) -> None:
    port, answer = served
    found: list[tuple[int, bytes]] = []
    thread = threading.Thread(target=lambda: found.append(_asked(port, "POST", "/invocations", b"slow", ZIP)))
    thread.start()
    assert answer.begun.wait(10)
    assert _asked(port, "GET", "/ping") == (200, b"")
    answer.go.set()
    thread.join(10)
    assert found == [(200, b"wols")]
