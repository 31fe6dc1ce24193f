"""`make screens`: a cloud of its own, a member with some history, a picture of every page of the portal at both widths,
and of the manager app at a desk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from local import joining, night
from local.browser import FLAGS, program, sign_in_at_the_pool
from local.connected import Connected
from local.demo.shopper import Unexpected
from local.fresh import fresh_cloud, quiet
from local.past import today
from local.past.__main__ import lived
from local.past.living import live
from local.people import STAFF, Member
from local.processes import Failed
from local.screens.member import Furnished, doubtful_invoice, furnish
from local.screens.pages import OF_STAFF, OUTSIDE, inside

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
WIDTHS = {"phone": (390, 844), "desk": (1360, 900)}
MEMBER = Member("SCREEN-0001", "wanda@members.example", "Wanda", "gold", 300_000)
QUALITY = 70
# Pictures, fonts and the last of several answers.
REST_MS = 700
# A warehouse's first answers, on a busy machine.
COUNTING_MS = 90_000


def main() -> int:
    """0 when every page was taken."""
    try:
        with fresh_cloud("screens", {"release_delay_seconds": "1"}, _say) as cloud:
            furnished = furnish(cloud, MEMBER)
            invoice_id = doubtful_invoice(cloud, furnished)
            _a_year(cloud)
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
                for name, size in WIDTHS.items():
                    _take(browser, cloud.portal, furnished, name, size)
                for group, places in OF_STAFF.items():
                    _take_staffs(browser, cloud.manager, group, places, invoice_id)
                browser.close()
    except (Failed, RuntimeError, Unexpected, joining.Refused, night.Stopped) as error:
        print(f"SCREENS FAILED {error}", file=sys.stderr)
        return 1
    _say(f"SCREENS OK pictures={len(list(FOLDER.iterdir()))}")
    return 0


def _a_year(cloud: Connected) -> None:
    """Reports want something to show."""
    _say("a year of purchases …")
    live(cloud, lived(cloud), lambda _: None)
    today.redeem(cloud, quiet)
    night.wait(cloud, night.begin(cloud))


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


def _take_staffs(browser: Browser, manager: str, group: str, places: Mapping[str, str], invoice_id: str) -> None:
    width, height = WIDTHS["desk"]
    page = browser.new_page(viewport={"width": width, "height": height}, base_url=manager, locale="en-US")
    page.goto("/")
    page.get_by_role("button", name="Sign in").click()
    sign_in_at_the_pool(page, next(one.email for one in STAFF if one.group == group))
    page.get_by_role("navigation").first.wait_for()
    for title, place in places.items():
        page.goto(place.format(number=MEMBER.number, invoice=invoice_id))
        _picture(page, f"manager-{title}")
    page.close()


def _picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.locator(".report-counting").first.wait_for(state="detached", timeout=COUNTING_MS)
    page.wait_for_timeout(REST_MS)
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=QUALITY, full_page=True)
    _say(name)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
