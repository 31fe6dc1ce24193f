"""The portal as a phone meets it: Lighthouse (mobile, simulated throttling) on the built bundle; axe at two widths.

A cloud of its own; a seeded member signs in on the pool's page. Each figure is the worst page's median of five runs;
weights are what the worst first page loads, as it comes over the wire. Lighthouse is put into build/, not beside
the product's packages: it is twice their size.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from typing import Any

from playwright.sync_api import sync_playwright

from bench._figures import REPOSITORY, ROUNDS, Budget, Figures, environment
from local.browser import FLAGS, program, sign_in_at_the_pool, violations
from local.connected import Connected
from local.fresh import fresh_cloud
from local.joining import signed_in
from local.people import MEMBERS, PASSWORD

BUDGETS = {
    "js_kb": Budget(50),
    "css_kb": Budget(10),
    "performance": Budget(98, least=True),
    "lcp_ms": Budget(2300),
    "tbt_ms": Budget(80),
    "cls": Budget(0.02),
    "axe_violations": Budget(0),
}
SOURCES = REPOSITORY / "bench" / "_lighthouse"
INSTALLED = REPOSITORY / "build" / "lighthouse"
WIDTHS = (390, 1360)
INSTALL_SECONDS, MEASURE_SECONDS = 300, 900


def run() -> Figures:
    """The figures of the one line: js_kb, css_kb, performance, lcp_ms, tbt_ms, cls, axe_violations; and by page."""
    browser = program()
    _install()
    with fresh_cloud("web", {}) as cloud:
        pages = _pages(cloud)
        told = _measured(cloud, browser, pages)
        found = _axe(cloud, browser, pages)
    figures: Figures = {
        "js_kb": round(max(one["js_bytes"] for one in told) / 1000, 1),
        "css_kb": round(max(one["css_bytes"] for one in told) / 1000, 1),
        "performance": min(_medians(told, "performance").values()),
        "lcp_ms": max(_medians(told, "lcp_ms").values()),
        "tbt_ms": max(_medians(told, "tbt_ms").values()),
        "cls": max(_medians(told, "cls").values()),
        "axe_violations": len(found),
    }
    for page, performance in _medians(told, "performance").items():
        lcp, tbt = _medians(told, "lcp_ms")[page], _medians(told, "tbt_ms")[page]
        figures[page] = f"performance {performance:.0f}, LCP {lcp:.0f} ms, TBT {tbt:.0f} ms"
    return figures | ({"axe": "; ".join(found[:5])} if found else {})


def _medians(told: list[dict[str, Any]], figure: str) -> dict[str, float]:
    pages = dict.fromkeys(one["page"] for one in told)
    return {page: statistics.median(one[figure] for one in told if one["page"] == page) for page in pages}


def _install() -> None:
    lock = SOURCES / "package-lock.json"
    if (INSTALLED / lock.name).exists() and (INSTALLED / lock.name).read_bytes() == lock.read_bytes():
        shutil.copy(SOURCES / "measure.mjs", INSTALLED)
        return
    shutil.copytree(SOURCES, INSTALLED, dirs_exist_ok=True)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=INSTALLED, env=environment(), check=True, timeout=INSTALL_SECONDS)


def _pages(cloud: Connected) -> list[str]:
    """`welcome` is the first page while nobody is signed in."""
    with signed_in(cloud, MEMBERS[0].email) as door:
        version = door.get("/catalogue").json()["programme_version"]
        product = door.get(f"/catalogue/{version}/products").json()["products"][0]["asin"]
    return ["welcome", "/", "/browse", f"/products/{product}"]


def _measured(cloud: Connected, browser: str, pages: list[str]) -> list[dict[str, Any]]:
    asked = {
        "portal": f"http://localhost:{cloud.ports.portal}",
        "email": MEMBERS[0].email,
        "password": PASSWORD,
        "browser": browser,
        "flags": FLAGS,
        "pages": pages,
        "runs": ROUNDS,
    }
    done = subprocess.run(
        ["node", "measure.mjs", json.dumps(asked)],
        cwd=INSTALLED,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=MEASURE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def _axe(cloud: Connected, browser: str, pages: list[str]) -> list[str]:
    found = []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        for width in WIDTHS:
            page = opened.new_page(viewport={"width": width, "height": 900})
            page.goto(f"http://localhost:{cloud.ports.portal}/")
            page.locator(".welcome").wait_for()
            found += [f"welcome at {width}: {one}" for one in violations(page)]
            page.locator(".welcome .button").click()
            sign_in_at_the_pool(page, MEMBERS[0].email)
            page.locator(".standing").wait_for()
            for path in pages[1:]:
                page.goto(f"http://localhost:{cloud.ports.portal}{path}")
                page.wait_for_load_state("networkidle")
                found += [f"{path} at {width}: {one}" for one in violations(page)]
            page.close()
        opened.close()
    return found
