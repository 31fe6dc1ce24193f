"""What a batch transform asks for, over HTTP on port 8080: health, limits, and forecasts of one object a request."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from containers.forecast.answering import forecasts
from containers.forecast.bundles import LARGEST_BYTES
from containers.forecast.ending import Unusable
from containers.forecast.lines import encoded
from containers.forecast.places import Places
from loyalty.demand.forecasting import Model

CONTENT_TYPE = "application/zip"
LINES = "application/jsonlines"
# One at a time: it is one thread's work, and memory is sized for it.
PARAMETERS = {
    "MaxConcurrentTransforms": 1,
    "BatchStrategy": "SINGLE_RECORD",
    "MaxPayloadInMB": LARGEST_BYTES // (1024 * 1024),
}

type Answer = Callable[[bytes], bytes]


def serve(places: Places) -> int:
    """Until SIGTERM; a request that runs then is answered first. Exit code 2: there is no model that can be read."""
    try:
        model = Model.load(places.model)
    except Exception:
        traceback.print_exc()
        sys.stderr.write(f"there is no model in {places.model} that can be read\n")
        return 2
    server = Server(lambda body: b"".join(encoded(line) for line in forecasts(model, body)))
    # `shutdown` waits for the loop that this very thread is in.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    return 0


class Server(ThreadingHTTPServer):
    """A thread a request, so that /ping is answered while a forecast is made; forecasts one after the other."""

    daemon_threads = False

    def __init__(self, answer: Answer, port: int | None = None) -> None:
        self.answer, self.turn = answer, threading.Lock()
        where = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")) if port is None else port
        super().__init__(("0.0.0.0", where), _Handler)  # noqa: S104 - SageMaker asks from outside the container


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    # A caller that sends nothing must not keep a thread, and with it the container's end.
    timeout = 60

    def do_GET(self) -> None:
        match self.path:
            case "/ping":
                self._say(200, b"")
            case "/execution-parameters":
                self._say(200, json.dumps(PARAMETERS).encode(), "application/json")
            case _:
                self._refuse(404, "there is nothing here")

    def do_POST(self) -> None:
        if self.path != "/invocations":
            self._refuse(404, "there is nothing here")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._refuse(411, "the length of the body is missing")
        elif int(length) > LARGEST_BYTES:
            self._refuse(413, f"the most is {LARGEST_BYTES} bytes")
        elif self.headers.get_content_type() != CONTENT_TYPE:
            self._refuse(415, f"the body is {CONTENT_TYPE}")
        else:
            self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        try:
            with self.server.turn:
                answer = self.server.answer(body)
        except Unusable as error:
            self._refuse(400, str(error))
        except Exception as error:
            traceback.print_exc()
            self._refuse(500, type(error).__name__)
        else:
            self._say(200, answer, LINES)

    def _refuse(self, status: int, problem: str) -> None:
        # What is left of the body is not read: the connection cannot be used for another request.
        self.close_connection = True
        self._say(status, json.dumps({"problem": problem}).encode(), "application/json")

    def _say(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests other than /ping, which comes every few seconds."""
        if self.path != "/ping":
            sys.stderr.write(f"{format % args}\n")
