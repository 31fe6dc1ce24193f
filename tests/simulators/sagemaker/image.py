"""An image that starts at once and does what its environment says: python image.py train|serve|copy."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ROOT = Path(os.environ["OPT_ML"])
HOW = os.environ.get("HOW", "")


def train() -> int:
    given = json.loads((ROOT / "input/config/hyperparameters.json").read_text())
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "input/data").rglob("*") if path.is_file())
    print("measured wql=0.5\nmeasured wql=0.25", flush=True)
    if HOW == "fail":
        (ROOT / "output/failure").write_text("the column units is missing")
        return 2
    if HOW == "linger":
        # One that does not listen to SIGTERM.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if HOW in ("linger", "wait"):
        time.sleep(30)
    told = {"given": given, "files": files, "environment": sorted(os.environ)}
    (ROOT / "model/model.json").write_text(json.dumps(told))
    (ROOT / "output/data/measured.json").write_text("{}")
    return 0


def copy() -> int:
    for path in (ROOT / "processing/in").rglob("*"):
        if path.is_file():
            (ROOT / "processing/out" / path.name).write_bytes(path.read_bytes())
    (ROOT / "output/message").write_text("copied")
    return 1 if HOW == "fail" else 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = b'{"MaxPayloadInMB": 1, "MaxConcurrentTransforms": 1}'
        self._say(404 if HOW == "sick" else 200, told if self.path == "/execution-parameters" else b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = {b"bad": 400, b"broken": 500}.get(body, 200)
        self._say(status, self.headers["Content-Type"].encode() + b":" + body[::-1])

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve() -> int:
    assert (ROOT / "model/model.json").exists() or HOW == "bare"
    HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit({"train": train, "serve": serve, "copy": copy}[sys.argv[1]]())
