"""Lambda functions run in the application's interpreter, in processes that look like AWS's.

Differences removed: exceptions keep their type, message and trace, and do not cost the process its life; the emulator's
own environment does not leak into functions; code and layers are unpacked once, not once a process; an invocation that
logs nothing does not wait for a log; a burst of invocations shares a bounded number of processes on this laptop.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import queue
import shutil
import subprocess
import threading
import time
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.function_process import END_OF_LOG
from local.emulator.pinned import private, replace
from local.emulator.settings import CREDENTIALS, Settings

log = logging.getLogger("local.functions")

# What the runtime of AWS brings along; everything else must come from the layer.
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
LOG_END_WAIT_SECONDS = 0.5
KEPT_FOLDERS = 8

_FunctionWorker: Any = private(lambda_runtime, "Worker")


class FunctionProcess(_FunctionWorker):  # type: ignore[misc]
    """A process that has imported one function's handler and answers one invocation at a time."""

    settings: Settings

    def _spawn(self) -> None:
        runtime = self.config.get("Runtime", "")
        if not runtime.startswith("python"):
            raise RuntimeError(f"the local cloud runs Python functions only, {self.func_name} is {runtime}")
        code = unpacked(self.settings, self.code_zip)
        layers = [unpacked(self.settings, content) for content in self._layers()]
        self._proc = subprocess.Popen(
            [self.settings.application_python, "-I", "-S", str(Path(__file__).with_name("function_process.py"))],
            cwd=code,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=self._environment(code),
        )
        self._stderr_queue = queue.Queue()
        threading.Thread(target=self._read_stderr, daemon=True, name=f"log-{self.func_name}").start()
        start = {"code": code, "layers": layers, "sdk": sdk_folder(self.settings), "handler": self.config["Handler"]}
        self._proc.stdin.write(json.dumps(start) + "\n")
        self._proc.stdin.flush()
        answer = json.loads(self._proc.stdout.readline() or '{"status": "error"}')
        if answer["status"] != "ready":
            self._proc.wait(timeout=5)
            time.sleep(0.05)  # the log's reader comes a moment later
            said = self._drain_stderr()
            log.error("%s does not import:\n%s", self.func_name, said)
            reason = answer.get("failure") or {"errorType": "Runtime.ExitError", "errorMessage": said}
            raise RuntimeError(f"{reason['errorType']}: {reason['errorMessage']}")

    def invoke(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super().invoke(*arguments, **named)
        if "failure" in answer:
            answer["result"] = Failure(answer.pop("failure"))
        return answer

    def _layers(self) -> list[bytes]:
        contents = [private(lambda_svc, "_resolve_layer_zip")(layer) for layer in self.config.get("Layers") or []]
        if None in contents:
            raise RuntimeError(f"a layer of {self.func_name} is not there")
        return contents

    def _environment(self, code: str) -> dict[str, str]:
        name, arn = self.config["FunctionName"], self.config["FunctionArn"]
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.settings.gateway_port}",
            **{key: value for key, value in os.environ.items() if key.startswith("AWS_ENDPOINT_URL_")},
            **(self.config.get("Environment", {}).get("Variables") or {}),
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": arn.split(":")[3],
            "AWS_REGION": arn.split(":")[3],
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.config['Runtime']}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.config.get("Version", "$LATEST"),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.config.get("MemorySize", 128)),
            "AWS_LAMBDA_LOG_GROUP_NAME": (self.config.get("LoggingConfig") or {}).get(
                "LogGroup", f"/aws/lambda/{name}"
            ),
            "AWS_LAMBDA_LOG_STREAM_NAME": hashlib.sha256(os.urandom(16)).hexdigest()[:32],
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": code,
            "_HANDLER": self.config["Handler"],
        }

    def _drain_stderr_bounded(self, *_: Any, **__: Any) -> str:
        lines: list[str] = []
        deadline = time.monotonic() + LOG_END_WAIT_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line == END_OF_LOG:
                break
            lines.append(line)
        return "\n".join(lines)


class Failure(dict[str, Any]):
    """An exception that left the handler, as AWS words it."""


def install(settings: Settings) -> None:
    """Run functions in `FunctionProcess`es, at most `settings.functions_at_once` of a function."""
    for name in ("_spawn", "_drain_stderr_bounded", "_drain_stderr", "_read_stderr", "invoke"):
        private(_FunctionWorker, name)
    FunctionProcess.settings = settings
    replace(lambda_runtime, "Worker", FunctionProcess)
    execute = private(lambda_svc, "_execute_function_warm")
    slots: dict[str, threading.BoundedSemaphore] = defaultdict(
        lambda: threading.BoundedSemaphore(settings.functions_at_once)
    )

    def execute_bounded(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        name = (function.get("config") or function).get("FunctionName", "")
        with slots[name]:
            answer: dict[str, Any] = execute(function, event, request_id)
        body = answer.get("body")
        if isinstance(body, Failure):
            answer = {**answer, "error": True, "body": {**body, "requestId": request_id}}
        return answer

    replace(lambda_svc, "_execute_function_warm", execute_bounded)
    _forget_old_folders(Path(settings.state) / "unpacked")


_unpacking = threading.Lock()


def unpacked(settings: Settings, content: bytes) -> str:
    """The folder that holds this zip's files: one for all processes, compiled once."""
    folder = Path(settings.state) / "unpacked" / hashlib.sha256(content).hexdigest()[:24]
    with _unpacking:
        if not folder.exists():
            growing = folder.with_suffix(".growing")
            shutil.rmtree(growing, ignore_errors=True)
            growing.mkdir(parents=True)
            archive = growing / ".zip"
            archive.write_bytes(content)
            with zipfile.ZipFile(archive) as files:
                files.extractall(growing)
            archive.unlink()
            growing.rename(folder)
        os.utime(folder)
    return str(folder)


def sdk_folder(settings: Settings) -> str:
    """A folder with the application environment's SDK and nothing else."""
    folder = Path(settings.state) / "sdk"
    packages = Path(settings.application_python).parent.parent / "lib" / "python3.13" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    for name in SDK:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(packages / name)
    return str(folder)


def _forget_old_folders(root: Path) -> None:
    folders = sorted(root.glob("*"), key=lambda folder: folder.stat().st_mtime) if root.exists() else []
    for folder in folders[:-KEPT_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)


def stop() -> None:
    """End all processes."""
    private(lambda_runtime, "reset")()
