"""`make screens`: a cloud of its own, a member with some history, and a picture of every page at both widths."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from local import joining
from local.browser import FLAGS, program, sign_in_at_the_pool
from local.demo.shopper import Unexpected
from local.fresh import fresh_cloud
from local.people import Member
from local.processes import Failed
from local.screens.member import Furnished, furnish
from local.screens.pages import OUTSIDE, inside

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
WIDTHS = {"phone": (390, 844), "desk": (1360, 900)}
MEMBER = Member("SCREEN-0001", "wanda@members.example", "Wanda", "gold", 300_000)
QUALITY = 70
# Pictures, fonts and the last of several answers.
REST_MS = 700


def main() -> int:
    """0 when every page was taken."""
    try:
        with fresh_cloud("screens", {"release_delay_seconds": "1"}, _say) as cloud:
            furnished = furnish(cloud, MEMBER)
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
                for name, size in WIDTHS.items():
                    _take(browser, f"http://localhost:{cloud.ports.portal}", furnished, name, size)
                browser.close()
    except (Failed, RuntimeError, Unexpected, joining.Refused) as error:
        print(f"SCREENS FAILED {error}", file=sys.stderr)
        return 1
    _say(f"SCREENS OK pictures={len(list(FOLDER.iterdir()))}")
    return 0


def _take(browser: Browser, portal: str, furnished: Furnished, name: str, size: tuple[int, int]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, base_url=portal)
    for title, place in OUTSIDE.items():
        page.goto(place)
        _picture(page, f"{title}-{name}")
    page.goto("/")
    page.locator(".welcome .button").click()
    sign_in_at_the_pool(page, furnished.member.email)
    page.locator(".standing").wait_for()
    places = inside(furnished)
    page.goto(places["product"])
    page.locator("main .button").first.click()  # into the cart, so that cart and checkout are not empty
    for title, place in places.items():
        page.goto(place)
        _picture(page, f"{title}-{name}")
    page.close()


def _picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(REST_MS)
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=QUALITY, full_page=True)
    _say(name)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
