"""One execution environment of a Lambda function: a script of its own, run by the application's interpreter.

Started with `-I -S`: nothing but the standard library, then the code, its layers and the SDK are on the path, in AWS's
order, so that a package missing from the layer is missing here too. One JSON line in is one invocation, one JSON line
out its answer; what the function prints goes to stderr, and END_OF_LOG there closes an invocation's log.
"""

import importlib
import json
import os
import site
import sys
import time
import traceback
from typing import Any, TextIO

END_OF_LOG = "\x01end"


class Context:
    """What AWS passes beside the event."""

    identity = None
    client_context = None

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = invocation["invoked_function_arn"]
        self.aws_request_id = invocation["request_id"]
        self._deadline = time.monotonic() + invocation["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def failure(error: BaseException) -> dict[str, Any]:
    """The payload AWS gives for an exception nobody caught."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def load(start: dict[str, Any]) -> Any:
    """Set the path as AWS does and import the handler."""
    sys.path.insert(0, start["code"])
    for layer in start["layers"]:
        for folder in (f"{layer}/python", f"{layer}/python/lib/python3.13/site-packages"):
            if os.path.isdir(folder):
                site.addsitedir(folder)
    sys.path.append(start["sdk"])
    module, _, name = start["handler"].replace("/", ".").rpartition(".")
    return getattr(importlib.import_module(module), name)


def main(requests: TextIO, answers: TextIO) -> None:
    start = json.loads(requests.readline())
    try:
        handler = load(start)
    except BaseException as error:
        traceback.print_exc()
        answers.write(json.dumps({"status": "error", "failure": failure(error)}) + "\n")
        answers.flush()
        return
    answers.write(json.dumps({"status": "ready"}) + "\n")
    answers.flush()
    for line in requests:
        message = json.loads(line)
        invocation = message["ctx"]
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        if invocation.get("trace_id"):
            os.environ["_X_AMZN_TRACE_ID"] = invocation["trace_id"]
        try:
            answer = {"status": "ok", "result": handler(message["event"], Context(invocation))}
            text = json.dumps(answer)
        except Exception as error:
            traceback.print_exc()
            text = json.dumps({"status": "ok", "result": None, "failure": failure(error)})
        sys.stderr.write(f"{END_OF_LOG}\n")
        sys.stderr.flush()
        answers.write(text + "\n")
        answers.flush()


if __name__ == "__main__":
    # Stdout is the protocol's: whatever the function prints, from C too, goes to the log.
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.stdout = sys.stderr  # one buffer, so that lines keep their order
    main(sys.stdin, protocol)
