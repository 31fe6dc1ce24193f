"""The members' portal at http://localhost:5173 and the manager app at http://localhost:5174: what Amplify does with
their bundles on AWS, done on the loopback.

`python -m local.portal STATE PORTS` serves `build/portal/` and `build/manager/` with the headers of `web/headers.json`:
a path without a dot is the page, `/config.json` is that of the app's API, `/assets/` never changes. A bundle built anew
is served at once.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import mimetypes
import socket
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.connected import Connected
from local.plain import PLAIN
from local.ports import Ports, owner

REPOSITORY = Path(__file__).resolve().parent.parent
HEADERS = REPOSITORY / "web" / "headers.json"
CONFIG_SECONDS = 30
NOT_WORTH_IT_BYTES = 1000
PACKED = ("text/", "application/json", "application/javascript", "image/svg+xml")
NOT_BUILT = """<!doctype html><html lang="en"><title>The {name} is not built</title>
<h1>The {name} is not built</h1><p>There is nothing in build/{name} yet: run <code>make web</code>, then load this page
again. <code>make run</code> does it by itself.</p></html>
"""


class App(NamedTuple):
    """A web app: its name in build/, in web/headers.json and among the ports, and the API that has its config."""

    name: str
    api: str


PORTAL, MANAGER = App("portal", "Member"), App("manager", "Manager")
# The portal last: once it listens, so do the others.
APPS = (MANAGER, PORTAL)


class _File(NamedTuple):
    content: bytes
    packed: bytes | None
    kind: str
    tag: str


def create_app(cloud: Connected, bundle: Path | None = None, app: App = PORTAL) -> Starlette:
    """An app of this cloud, which need not be deployed yet."""
    served = _Served(cloud, bundle or REPOSITORY / "build" / app.name, app)
    return Starlette(routes=[Route("/config.json", served.config), Route("/{path:path}", served.file)])


def by_port(apps: Mapping[int, ASGIApp]) -> ASGIApp:
    """Each app at its own port."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["server"][1]](scope, receive, send)

    return answer


class _Served:
    def __init__(self, cloud: Connected, bundle: Path, app: App) -> None:
        self._cloud, self._bundle, self._app = cloud, bundle.resolve(), app

    async def config(self, request: Request) -> Response:
        return self._with_headers(await self._forwarded(), request)

    async def file(self, request: Request) -> Response:
        return self._with_headers(self._file(request), request)

    def _with_headers(self, response: Response, request: Request) -> Response:
        found = response.status_code < 400
        response.headers.update(headers_for(request.url.path if found else "", self._cloud, self._app.name))
        return response

    async def _forwarded(self) -> Response:
        # Clouds are deployed anew while this runs, so their outputs are not kept.
        cloud = Connected(self._cloud.state, self._cloud.ports)
        try:
            async with httpx.AsyncClient(timeout=CONFIG_SECONDS, verify=PLAIN) as client:
                answer = await client.get(f"{cloud.api(self._app.api)}/config")
        except (OSError, KeyError, httpx.HTTPError):
            problem = {"type": "about:blank", "title": "Unavailable", "status": 503, "code": "starting"}
            headers = {"Cache-Control": "no-store", "Retry-After": "2"}
            return JSONResponse(problem, 503, headers, "application/problem+json")
        passed_on = ("content-type", "cache-control", "retry-after")
        headers = {name: answer.headers[name] for name in passed_on if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    def _file(self, request: Request) -> Response:
        path = request.url.path
        if not (self._bundle / "index.html").exists():
            return HTMLResponse(NOT_BUILT.format(name=self._app.name), 503, {"Cache-Control": "no-store"})
        found = _read(self._bundle, "index.html" if "." not in path else path.lstrip("/"))
        if found is None:
            return PlainTextResponse("there is no such file\n", 404)
        headers = {"ETag": found.tag, "Cache-Control": "public, max-age=0, must-revalidate", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(status_code=304, headers=headers)
        if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, 200, headers | {"Content-Encoding": "gzip"}, found.kind)
        return Response(found.content, 200, headers, found.kind)


def headers_for(path: str, cloud: Connected, app: str = PORTAL.name) -> dict[str, str]:
    """What web/headers.json says of `path` of an app, but for what only TLS needs."""
    told, places = json.loads(HEADERS.read_text()), _places(cloud)
    rules = (f"{name} {' '.join(value.format_map(places).split())}" for name, value in told["policy"][app].items())
    headers = {"Content-Security-Policy": "; ".join(rules), **told["every"]}
    for pattern, more in told["by_path"].items():
        if fnmatchcase(path, pattern):
            headers |= more
    return headers


def _places(cloud: Connected) -> Mapping[str, str]:
    """What stands for the marks in the policy: everything of AWS is behind one gateway here."""
    return {
        "api": cloud.gateway,
        "sign_in": cloud.gateway,
        # Functions reach S3 by the number, so their signed addresses have it.
        "files": f"http://127.0.0.1:{cloud.ports.gateway}",
        "tables": f"http://127.0.0.1:{cloud.ports.gateway}",
        "papers": f"http://127.0.0.1:{cloud.ports.gateway}",
        # The brand's logo is the API's.
        "pictures": f"{cloud.simulator('amazon_business')} http://127.0.0.1:{cloud.ports.gateway} {cloud.gateway}",
        "portal": cloud.portal,
        "manager": cloud.config["integrations"]["manager_origin"],
    }


def _read(bundle: Path, path: str) -> _File | None:
    try:
        file = (bundle / path).resolve()
        if not file.is_relative_to(bundle) or not file.is_file():
            return None
        return _kept(file, file.stat().st_mtime_ns)
    except (OSError, ValueError):  # a name that no file can have
        return None


@lru_cache(maxsize=500)
def _kept(file: Path, _changed: int) -> _File:
    content = file.read_bytes()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    worth_it = kind.startswith(PACKED) and len(content) > NOT_WORTH_IT_BYTES
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return _File(content, gzip.compress(content, 9, mtime=0) if worth_it else None, kind, tag)


def listeners(port: int) -> list[socket.socket]:
    """Both addresses that `localhost` may mean: who listens at one only leaves the other to somebody else's server.

    Raises OSError, and listens nowhere, if one of them is taken.
    """
    opened: list[socket.socket] = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            opened.append(socket.create_server((address, port), family=family, backlog=128))
        except OSError as error:
            if family == socket.AF_INET6 and error.errno != errno.EADDRINUSE:
                continue  # this machine speaks no IPv6
            for one in opened:
                one.close()
            raise
    return opened


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    state, ports = Path(arguments[0]), Ports(**json.loads(arguments[1]))
    cloud, sockets, apps = Connected(state, ports), list[socket.socket](), dict[int, ASGIApp]()
    for app in APPS:
        port = ports.named()[app.name]
        try:
            sockets += listeners(port)
        except OSError as error:
            sys.exit(f"port {port}: {error} (it may be {owner(port)})")
        apps[port] = create_app(cloud, app=app)
    config = uvicorn.Config(
        by_port(apps), log_level="warning", access_log=False, timeout_graceful_shutdown=1, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    main(sys.argv[1:])
