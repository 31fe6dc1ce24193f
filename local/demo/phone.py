"""`make demo STORY=phone`: points that are about to lapse become a reward, on a phone, in German, under a minute.

A cloud of its own. Before the clock starts: a member with 1,240 points that lapse at a month's end not far away, others
that last, two addresses, and a reward whose price leaves six dollars and ten cents. Then a browser, 390 pixels wide,
does what a thumb would: two taps to the reward, the payment, the address put right while it can be, and beside it the
back room, where somebody presses "Ship".
"""

from __future__ import annotations

import json
import re
import sys
import time
from calendar import monthrange
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from local import joining, seed
from local.browser import FLAGS, program, sign_in_at_the_pool
from local.connected import Connected
from local.fresh import fresh_cloud
from local.people import Member
from local.plain import PLAIN
from local.processes import Failed
from local.status.server import StatusServer
from loyalty.programme import publishing, reading

WORDS = Path(__file__).resolve().parents[2] / "web" / "portal" / "src" / "words" / "de"
LAPSING_POINTS, OTHER_POINTS = 1_240, 4_000
MONEY_SHOWN = re.compile(r"6,10\s\$")
LIMIT_SECONDS, PATIENCE_MS = 60, 20_000
MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1360, height=900)
# Without it the shop's part of the price, 5.56 and 5.99 for sending, is another one.
PRICE_MINOR, TOTAL_MINOR = 556, 1_230
# Washington's tax, where the member lives: what the catalogue says is then what the order costs.
TAX_BASIS_POINTS = 650
MEMBER = Member("PHONE-0001", "wanda@members.example", "Wanda", "member", OTHER_POINTS * 10, "de", "+12065550142")
NEIGHBOUR = {**MEMBER.address(), "full_name": "Wanda Example", "line1": "1 Pike Place", "postal_code": "98101"}


def main() -> int:
    """0 if the story came to its end within a minute."""
    try:
        with fresh_cloud("phone", {"release_delay_seconds": "12"}, _say) as cloud:
            status = StatusServer(cloud)
            status.start()
            try:
                asin = _prepare(cloud)
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
                    story = Story(cloud, browser, asin)
                    story.tell()
                    browser.close()
            finally:
                status.stop()
    except (AssertionError, Failed, PlaywrightError, RuntimeError, joining.Refused) as error:
        print(f"STORY FAILED {error}", file=sys.stderr)
        return 1
    within = story.seconds < LIMIT_SECONDS
    verdict = "OK" if within else "TOO SLOW"
    print(f"STORY {verdict} seconds={story.seconds:.1f} taps_to_reward=2 points={LAPSING_POINTS} money=6.10")
    return 0 if within else 1


def _prepare(cloud: Connected) -> str:
    """The member and the reward; its ASIN."""
    with cloud.query() as connection:
        newest = reading.current(connection, 1)
        pricing = newest.document.pricing.model_copy(update={"browse_tax_basis_points": TAX_BASIS_POINTS})
        document = newest.document.model_copy(update={"pricing": pricing})
        publishing.publish(connection, 1, document, based_on=newest.version, actor="story", why="one state's tax")
    with joining.partner(cloud) as inbound:
        inbound.post("/members", json=MEMBER.registration()).raise_for_status()
        for purchase in (_old_purchase(), MEMBER.purchase()):
            inbound.post("/accruals", json=purchase).raise_for_status()
    with closing(joining.join(cloud, MEMBER)) as door:
        door.post("/me/addresses", json={**NEIGHBOUR, "make_default": False}).raise_for_status()
        return _reward(cloud, door)


def _reward(cloud: Connected, door: httpx.Client) -> str:
    """A product that costs 12.30 with sending and tax, half of it the points that lapse. Raises RuntimeError."""
    shop = cloud.simulator("amazon_business")
    products = httpx.get(f"{shop}/_simulator/products", timeout=10, verify=PLAIN).json()["products"]
    for asin in (one["asin"] for one in products if one["kind"] == "STANDARD" and one["scenario"] is None):
        change = {"price_minor": PRICE_MINOR, "list_price_minor": PRICE_MINOR}
        httpx.put(f"{shop}/_simulator/products/{asin}", json=change, timeout=10, verify=PLAIN).raise_for_status()
        quote = door.post("/quotes", json={"lines": [{"asin": asin, "quantity": 1}]}).json()
        if quote.get("total_minor") == TOTAL_MINOR:
            seed.sync_catalogue(cloud)
            return str(asin)
    raise RuntimeError("no product of the shop costs what the story tells")


def _lapses_on() -> date:
    """The end of a month that is two or three away: near enough for the first page to speak of it."""
    month = datetime.now(UTC).date() + timedelta(days=62)
    return month.replace(day=monthrange(month.year, month.month)[1])


def _old_purchase() -> dict[str, Any]:
    """Its points are good for 24 months, to the end of the month."""
    lapses = _lapses_on()
    return {
        **MEMBER.purchase(),
        "partner_reference": "long-ago",
        "spend_minor": LAPSING_POINTS * 10,
        "occurred_at": f"{lapses.year - 2}-{lapses.month:02}-15T12:00:00Z",
    }


def _words() -> dict[str, dict[str, str]]:
    """What the portal says in German: section → name → words."""
    return {section: names for file in WORDS.glob("*.json") for section, names in json.loads(file.read_text()).items()}


@dataclass
class Story:
    """Tells it step by step; `seconds` from the first page to the statement."""

    cloud: Connected
    browser: Browser
    asin: str
    seconds: float = 0.0
    words: dict[str, dict[str, str]] = field(default_factory=_words)

    def tell(self) -> None:
        """All of it. Raises AssertionError where a page does not say what it should."""
        expect.set_options(timeout=PATIENCE_MS)
        page = self.browser.new_page(viewport=PHONE, locale="de-DE", timezone_id="America/Los_Angeles", is_mobile=True)
        self._sign_in(page)
        began = time.monotonic()
        for what, step in (
            (f"the first page: 1.240 points lapse on {self.lapses_on}; one tap", self._lapsing),
            ("the second tap: a reward, and the slider stands at exactly these points", self._reward),
            ("the checkout: 1.240 points and 6,10 $", self._check_out),
            ("the payment page: pay", self._pay),
            ("the address is put right while the countdown runs", self._correct),
            ("the back room: ship; the phone's timeline moves", self._ship),
            ("an SMS in German is on the phone", self._texted),
            ("the statement shows which points went", self._statement),
        ):
            step(page)
            self.seconds = time.monotonic() - began
            _say(f"{self.seconds:5.1f} s  {what}")

    @property
    def lapses_on(self) -> str:
        """As a German reads it: 31. Januar."""
        day = _lapses_on()
        return f"{day.day}. {MONTHS[day.month - 1]}"

    def _word(self, key: str) -> str:
        section, name = key.split(".")
        return self.words[section][name]

    def _sign_in(self, page: Page) -> None:
        page.goto(self.cloud.portal)
        page.get_by_role("button", name=self._word("welcome.sign_in")).click()
        sign_in_at_the_pool(page, MEMBER.email)
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"1.240 Punkte verfallen am {self.lapses_on}")

    def _lapsing(self, page: Page) -> None:
        page.get_by_role("link", name=self._word("home.use_them")).first.click()

    def _reward(self, page: Page) -> None:
        page.locator(f'main a[href^="/products/{self.asin}"]').click()
        expect(page.get_by_label(self._word("mix.slider"))).to_have_value(str(LAPSING_POINTS))
        expect(page.locator(".mix-price")).to_contain_text("1.240 Punkte")

    def _check_out(self, page: Page) -> None:
        page.get_by_role("button", name=self._word("product.buy")).click()
        summary = page.get_by_role("complementary", name=self._word("checkout.summary"))
        expect(summary).to_contain_text("1.240 Punkte")
        expect(summary).to_contain_text(MONEY_SHOWN)
        summary.get_by_role("button").click()
        page.wait_for_url("**/redemptions/*")

    def _correct(self, page: Page) -> None:
        expect(page.get_by_role("timer")).to_be_visible()
        page.get_by_role("button", name=self._word("order.change_address")).click()
        page.get_by_role("button", name=re.compile(NEIGHBOUR["line1"])).click()
        expect(page.get_by_text(NEIGHBOUR["line1"]).first).to_be_visible()

    def _pay(self, page: Page) -> None:
        # Whoever pressed "continue to …" is taken there as soon as the provider has a page.
        page.locator("button[value=pay]").click(timeout=40_000)
        page.wait_for_url("**/redemptions/*")

    def _ship(self, page: Page) -> None:
        desk = self.browser.new_page(viewport=DESK)
        redemption_id = re.search(r"/redemptions/([0-9a-f-]{36})", page.url)
        assert redemption_id is not None
        place = desk.locator(f"#order-{redemption_id[1]}")
        self._until(lambda: (desk.goto(self.cloud.status_page), place.count() > 0)[1], "the order is at the shop")
        place.get_by_role("button", name=re.compile("^Ship")).click()
        desk.close()
        expect(page.locator("[aria-current=step]")).to_contain_text(self._word("package.shipped"), timeout=20_000)

    def _texted(self, page: Page) -> None:
        def there() -> bool:
            texts = [sms["Message"] for sms in self.cloud.texts() if sms["PhoneNumber"] == MEMBER.phone]
            return any("verschickt:" in text for text in texts)

        self._until(there, "the SMS comes")

    def _statement(self, page: Page) -> None:
        page.goto(f"{self.cloud.portal}/points/statement")
        settled = page.locator("li", has_text=self._word("statement.settle")).first
        expect(settled).to_contain_text(f"1.240 gültig bis {self.lapses_on}")

    def _until(self, look: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise AssertionError(f"not in time: {what}")
            time.sleep(0.3)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
