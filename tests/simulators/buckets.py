"""The little of S3 that stand-ins which write ask for: PUT, GET, HEAD, DELETE of objects, and ListObjectsV2."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def buckets(objects: dict[str, bytes]) -> Iterator[str]:
    """Its address. `objects`: what is there, by bucket/key; a PUT adds to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if "list-type" in asked.query:
                self._say(200, self._listed(asked.path.strip("/"), parse_qs(asked.query)))
            elif (body := objects.get(unquote(asked.path.lstrip("/")))) is None:
                self._say(404, b"")
            else:
                self._say(200, body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "aws-chunked" in self.headers.get("Content-Encoding", ""):
                raw = _unchunked(raw)
            objects[unquote(urlsplit(self.path).path.lstrip("/"))] = raw
            self._say(200, b"")

        def do_DELETE(self) -> None:
            objects.pop(unquote(urlsplit(self.path).path.lstrip("/")), None)
            self._say(204, b"")

        def _listed(self, bucket: str, query: dict[str, list[str]]) -> bytes:
            prefix = query.get("prefix", [""])[0]
            keys = sorted(key.removeprefix(f"{bucket}/") for key in objects if key.startswith(f"{bucket}/{prefix}"))
            found = "".join(f"<Contents><Key>{escape(key)}</Key><Size>1</Size></Contents>" for key in keys)
            return (
                f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(keys)}</KeyCount>"
                f"<IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
            ).encode()

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _unchunked(raw: bytes) -> bytes:
    """A body in chunks, each with its length (and a signature) before it."""
    body = b""
    while True:
        head, _, raw = raw.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            return body
        body, raw = body + raw[:size], raw[size + 2 :]
