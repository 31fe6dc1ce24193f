"""The portal's server on the laptop answers as Amplify would. No cloud is needed: the member API is a stand-in."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from local import deployment, processes
from local.connected import Connected
from local.portal import MANAGER, create_app, headers_for
from local.ports import Ports, in_use

PAGE = "<!doctype html><title>Rewards</title>" + "<p>reward</p>" * 200
SCRIPT = "export const points = 1240;\n" * 100


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc.js").write_text(SCRIPT)
    (folder / "assets" / "sans.woff2").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "secret.txt").write_text("not of the bundle")
    return folder


@pytest.fixture
def cloud(tmp_path: Path) -> Connected:
    ports = Ports.free()
    (tmp_path / "outputs.json").write_text(json.dumps({"api": {"MemberApiId": "a1b2"}}))
    (tmp_path / "config.toml").write_text(deployment._config_text(ports, {}))
    return Connected(tmp_path, ports)


@pytest.fixture
def browser(cloud: Connected, bundle: Path) -> TestClient:
    return TestClient(create_app(cloud, bundle))


@pytest.fixture
def member_api(cloud: Connected) -> Iterator[list[str]]:
    """Answers /config at the cloud's gateway; the paths that were asked."""
    asked: list[str] = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "max-age=2")
            self.send_header("Set-Cookie", "not=passed-on")
            self.end_headers()
            self.wfile.write(b'{"client_id": "c"}')

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", cloud.ports.gateway), Api)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/", "/orders/018f/parcel", "/signed-in?code=a.b&state=c", "/browse?q=4.5"])
def test_a_path_without_a_dot_is_the_page(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"


@pytest.mark.parametrize(
    "path", ["/assets/gone-def.js", "/favicon.ico", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/a%00.b"]
)
def test_what_is_not_in_the_bundle_is_not_there_and_nobody_keeps_that(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "cache-control" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_assets_never_change_and_text_is_packed(browser: TestClient) -> None:
    script = browser.get("/assets/index-abc.js")
    assert script.text == SCRIPT
    assert script.headers["content-encoding"] == "gzip"
    assert int(script.headers["content-length"]) < len(SCRIPT) / 10
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert browser.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"}).text == SCRIPT
    font = browser.get("/assets/sans.woff2")
    assert "content-encoding" not in font.headers
    assert font.headers["content-type"] == "font/woff2"


def test_what_has_not_changed_is_not_sent_again_and_a_new_bundle_is_sent_at_once(
    browser: TestClient, bundle: Path
) -> None:
    tag = browser.get("/").headers["etag"]
    again = browser.get("/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    (bundle / "index.html").write_text("<!doctype html>new")
    os.utime(bundle / "index.html", ns=(1, 1))
    changed = browser.get("/", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.text) == (200, "<!doctype html>new")


def test_the_config_is_the_member_apis(browser: TestClient, member_api: list[str]) -> None:
    answer = browser.get("/config.json")
    assert answer.json() == {"client_id": "c"}
    assert answer.headers["cache-control"] == "max-age=2"
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert member_api == ["/_aws/execute-api/a1b2/v1/config"]


def test_without_the_member_api_the_config_is_a_problem_that_passes(browser: TestClient, cloud: Connected) -> None:
    assert (browser.get("/config.json").status_code, browser.get("/").status_code) == (503, 200)
    (cloud.state / "outputs.json").unlink()
    answer = browser.get("/config.json")
    assert (answer.status_code, answer.json()["code"]) == (503, "starting")
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["cache-control"] == "no-store"


def test_without_a_bundle_the_page_says_what_to_type(cloud: Connected, tmp_path: Path) -> None:
    answer = TestClient(create_app(cloud, tmp_path / "nothing")).get("/orders")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_the_manager_app_has_the_config_of_its_own_api_and_may_show_the_portal(
    cloud: Connected, bundle: Path, member_api: list[str]
) -> None:
    (cloud.state / "outputs.json").write_text(json.dumps({"api": {"ManagerApiId": "c3d4"}}))
    answer = TestClient(create_app(cloud, bundle, MANAGER)).get("/config.json")
    assert (answer.json(), member_api) == ({"client_id": "c"}, ["/_aws/execute-api/c3d4/v1/config"])
    policy = answer.headers["content-security-policy"]
    assert f"frame-src {cloud.portal} http://127.0.0.1:{cloud.ports.gateway};" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_policy_names_this_clouds_own_parts_and_allows_nothing_else(cloud: Connected) -> None:
    headers = headers_for("/", cloud)
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    ports = cloud.ports
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": f"'self' blob: https: http://127.0.0.1:{ports.amazon_business} "
        f"http://127.0.0.1:{ports.gateway} http://localhost:{ports.gateway}",
        "connect-src": "'self' " + f"http://localhost:{ports.gateway} " * 2 + f"http://127.0.0.1:{ports.gateway}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": cloud.manager,
    }
    assert "Strict-Transport-Security" not in headers, "localhost speaks no TLS, and would be remembered for every port"


def test_the_config_of_the_cloud_sends_members_back_to_this_portal(cloud: Connected) -> None:
    assert cloud.config["integrations"]["portal_origin"] == cloud.portal
    assert cloud.config["identity"]["member_callback_urls"] == [f"{cloud.portal}/signed-in"]
    assert cloud.config["identity"]["member_logout_urls"] == [f"{cloud.portal}/"]
    assert cloud.config["identity"]["authority_url"] == cloud.gateway


def test_the_config_of_the_cloud_sends_staff_back_to_this_manager_app(cloud: Connected) -> None:
    assert cloud.config["integrations"]["manager_origin"] == cloud.manager
    assert cloud.config["identity"]["staff_callback_urls"] == [f"{cloud.manager}/signed-in"]
    assert cloud.config["identity"]["staff_logout_urls"] == [f"{cloud.manager}/"]


def test_a_new_bundle_deploys_nothing() -> None:
    assert not {"web", "build", "build/portal"} & set(deployment.SOURCES)


def started(cloud: Connected) -> processes.Child:
    command = [sys.executable, "-m", "local.portal", str(cloud.state), json.dumps(asdict(cloud.ports))]
    log = cloud.state / "portal.log"
    return processes.start("portal", command, cwd=deployment.REPOSITORY, environment=os.environ, log=log)


def test_it_listens_wherever_localhost_is(cloud: Connected) -> None:
    portal = started(cloud)
    try:
        portal.wait_until(lambda: in_use(cloud.ports.portal), 20)
        for address in ("127.0.0.1", *(["[::1]"] if _speaks_ipv6() else [])):
            for port in (cloud.ports.portal, cloud.ports.manager):
                assert httpx.get(f"http://{address}:{port}/").status_code in (200, 503)
    finally:
        portal.stop()


@pytest.mark.skipif("not _speaks_ipv6()", reason="this machine speaks no IPv6")
def test_it_does_not_share_localhost_with_another_server(cloud: Connected) -> None:
    with socket.create_server(("::1", cloud.ports.portal), family=socket.AF_INET6):
        portal = started(cloud)
        with pytest.raises(processes.Failed, match=f"port {cloud.ports.portal}.*process {os.getpid()}"):
            portal.wait_until(lambda: False, 20)


def _speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
