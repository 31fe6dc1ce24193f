"""A member's account in a browser: joining, points and what became of them, questions, what they choose, leaving."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import FilePayload, Page, Route, expect

from local import joining
from local.browser import violations
from local.people import Member
from loyalty.members import freezing
from tests.cloud import ON_CLOUD
from tests.conftest import REPOSITORY
from tests.web.conftest import DESK, Portal, scrolls_sideways

# The smallest picture there is.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)
SLOW_MS = 40_000
ANYBODY = {"Access-Control-Allow-Origin": "*"}

pytestmark = ON_CLOUD


def is_fine(page: Page) -> None:
    """What every page must be, in whichever state."""
    assert violations(page) == []
    assert not scrolls_sideways(page)


def refused(code: str) -> Callable[[Route], None]:
    """The API's answer to one call is a refusal."""
    return lambda route: route.fulfill(status=409, json={"code": code}, headers={"Access-Control-Allow-Origin": "*"})


def test_a_new_person_joins_by_number_and_code_and_goes_on_to_the_page_they_wanted(portal: Portal) -> None:
    number = f"JOIN-{uuid.uuid4().hex[:10]}"
    member = Member(number, f"{number.lower()}@members.example", "Wim", "member", 100_00, "de")
    with joining.partner(portal.cloud) as inbound:
        inbound.post("/members", json=member.registration()).raise_for_status()
        inbound.post("/accruals", json=member.purchase()).raise_for_status()
    joining.sign_up(portal.cloud, member.email)
    mails = len(joining.mails_to(portal.cloud, member.email))

    page = portal.page(language="de-DE")
    portal.sign_in(page, member.email, "/points")
    page.get_by_label("Mitgliedsnummer").fill(number)
    is_fine(page)
    page.get_by_role("button", name="Code senden").click()
    # The code is typed at once: the focus is where it goes.
    expect(page.get_by_label("Code mit sechs Ziffern")).to_be_focused()
    code = joining.mailed_code(portal.cloud, member.email, not_before=mails)
    page.keyboard.type("000000" if code != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dieser Code stimmt nicht")).to_be_visible()
    is_fine(page)
    # The mail was read in another app, and the browser forgot the page meanwhile.
    page.reload()
    page.get_by_label("Code mit sechs Ziffern").fill(code)
    page.get_by_role("button", name="Verbinden").click()
    page.get_by_role("button", name="Ich stimme zu").click(timeout=SLOW_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text("1.000 Punkte")
    assert page.url.endswith("/points")


def test_points_by_expiry_every_movement_and_a_file_that_proves_itself(portal: Portal, tmp_path: Path) -> None:
    member = portal.member(points=12_000)
    page = portal.page(DESK)
    portal.sign_in(page, member.email, "/points")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^1[0-9],\d{3} points$"))
    expect(page.locator(".lots > li")).to_have_count(1)
    expect(page.get_by_role("heading", name="Your level: Member")).to_be_visible()
    is_fine(page)
    page.get_by_role("link", name="Every movement").click()
    expect(page.locator(".move")).to_have_count(1)
    expect(page.locator(".move")).to_contain_text(
        re.compile(r"Purchase at .*Receipt welcome-.* good until .*balance", re.DOTALL)
    )
    is_fine(page)

    page.get_by_label("What happened").select_option("lapsed")
    expect(page.get_by_role("heading", name="Nothing of this kind")).to_be_visible()
    assert page.url.endswith("/points/statement?kind=lapsed")
    is_fine(page)
    page.get_by_role("button", name="Show everything").first.click()
    expect(page.locator(".move")).to_have_count(1)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download all").click()
    assert re.fullmatch(rf"statement-{member.number}-\d{{4}}-\d\d-\d\d\.json", download.value.suggested_filename)
    kept = tmp_path / "statement.json"
    download.value.save_as(kept)
    proof = [sys.executable, "-m", "loyalty.points.verify", str(kept)]
    assert subprocess.run(proof, cwd=REPOSITORY, check=False, capture_output=True).returncode == 0
    told = json.loads(kept.read_text())
    told["rows"][0]["amount"] += 1
    kept.write_text(json.dumps(told))
    assert subprocess.run(proof, cwd=REPOSITORY, check=False, capture_output=True).returncode == 1


def test_a_question_is_asked_once_though_the_connection_breaks_and_photos_go_with_it(portal: Portal) -> None:
    member = portal.member()
    page = portal.page()
    portal.sign_in(page, member.email, "/cases/new")
    page.get_by_label("Points are missing").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Give the number on the receipt.")).to_be_visible()
    is_fine(page)
    page.get_by_label("Where did you buy it?").fill("Corner shop")
    page.get_by_label("Number of the receipt").fill("4711")
    page.get_by_label("What happened?").fill("The points of my purchase never came.")

    def answered_to_nobody(route: Route) -> None:
        # It reaches the API; the answer never comes back.
        route.fetch()
        route.abort()

    page.route("**/cases", lambda route: route.fulfill(status=403, headers=ANYBODY), times=1)
    page.route("**/cases", answered_to_nobody, times=1)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("No answer came")).to_be_visible(timeout=SLOW_MS)
    # Kept out by something before the API: that is no refusal of the question.
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("This does not work just now")).to_be_visible(timeout=SLOW_MS)
    page.reload()
    expect(page.get_by_label("What happened?")).to_have_value("The points of my purchase never came.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1, name="Points are missing")).to_be_visible(timeout=SLOW_MS)
    with portal.door(member) as door:
        assert len(door.get("/cases").json()["cases"]) == 1

    photos = page.get_by_label("Add photos")
    photos.set_input_files(FilePayload(name="receipt.gif", mimeType="image/gif", buffer=b"GIF89a"))
    expect(page.get_by_text("no photo of a kind we can take")).to_be_visible()
    photos.set_input_files(FilePayload(name="receipt.png", mimeType="image/png", buffer=PNG))
    expect(page.get_by_text("Here so far: 1 of 8.")).to_be_visible(timeout=SLOW_MS)
    # What has been sent is not counted twice: there is room for seven more.
    photos.set_input_files(
        [FilePayload(name=f"side {side}.png", mimeType="image/png", buffer=PNG) for side in range(7)]
    )
    expect(page.get_by_text("Here so far: 8 of 8.")).to_be_visible(timeout=SLOW_MS)
    expect(photos).to_have_count(0)
    page.get_by_label("Your answer").fill("Here is the receipt.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".thread > li")).to_have_count(2)
    is_fine(page)
    page.get_by_role("button", name="Take this back").click()
    is_fine(page)
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("You took this back.")).to_be_visible()
    expect(page.get_by_label("Your answer")).to_have_count(0)


def in_use(route: Route) -> None:
    detail = "Something that is not ordered yet is to go there."
    told = {"code": "address-in-use", "detail": detail, "errors": [{"field": "address_id", "detail": detail}]}
    route.fulfill(status=409, headers={"Access-Control-Allow-Origin": "*"}, json=told)


def test_the_language_addresses_and_messages_are_the_members_choice(portal: Portal) -> None:
    member = portal.member()
    page = portal.page()
    portal.sign_in(page, member.email, "/profile")
    page.clock.install()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No address yet.")).to_be_visible()
    # It waits for whoever is on it.
    page.get_by_role("button", name="Undo").focus()
    # Drawn, and what comes after drawing, before the time leaps.
    page.clock.run_for(500)
    page.clock.fast_forward(60_000)
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("main").locator("address")).to_contain_text("410 Terry Ave N")
    expect(page.get_by_role("main")).to_be_focused()
    page.clock.resume()
    offers = page.get_by_role("group", name="E-mail").get_by_label("Offers and ideas")
    offers.check()
    expect(page.get_by_text(re.compile("^You chose this, since")).first).to_be_visible()
    ideas = page.get_by_label("Ideas by what I look at")
    expect(ideas).to_be_checked()
    ideas.uncheck()
    expect(page.locator("label", has=ideas)).to_contain_text("You chose this, since")
    is_fine(page)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Profil")
    is_fine(page)
    page.route(
        "**/me/addresses/*", lambda route: in_use(route) if route.request.method == "DELETE" else route.continue_()
    )
    page.get_by_role("button", name="Entfernen").click()
    # In words of the portal's: not the API's, nor its name for the field.
    expect(page.locator(".note")).to_contain_text("Dorthin soll eine Bestellung gehen")
    expect(page.locator(".note")).not_to_contain_text("address")
    # Another device, whose browser speaks English: the member's language comes along.
    other = portal.page()
    portal.sign_in(other, member.email, "/profile")
    expect(other.get_by_role("heading", level=1)).to_have_text("Ihr Profil")
    with portal.door(member) as door:
        told = door.get("/me/preferences").json()
    assert (told["language"], told["email"]["choices"]["marketing"]["wanted"]) == ("de", True)
    assert (told["personalisation"]["wanted"], told["personalisation"]["source"]) == (False, "member")


def test_a_telephone_number_is_the_members_once_its_code_has_come_back_and_takes_messages_from_then_on(
    portal: Portal,
) -> None:
    member = portal.member()
    number = f"+4930{uuid.uuid4().int % 10**8:08}"
    page = portal.page()
    portal.sign_in(page, member.email, "/profile")
    by_sms = page.get_by_role("group", name="Telephone").get_by_label("Offers and ideas")
    expect(by_sms).to_be_disabled()
    page.get_by_role("button", name="Add a number").click()
    typed = page.get_by_label("New telephone number")
    expect(typed).to_be_focused()
    page.keyboard.type("somewhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is no number that SMS can go to.")).to_be_visible()
    is_fine(page)
    typed.fill(number)
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_label("Code of six digits")).to_be_focused()
    sent = next(sms["Message"] for sms in portal.cloud.texts() if sms["PhoneNumber"] == number)
    code = re.findall(r"\b\d{6}\b", sent)[0]
    page.keyboard.type("000000" if code != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That code is not right, or no longer good.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^New code in"))).to_be_disabled()
    is_fine(page)
    # The message was read in another app, and the browser forgot the page meanwhile.
    page.reload()
    page.get_by_label("Code of six digits").fill(code)
    page.get_by_role("button", name="Confirm the number").click()
    expect(page.get_by_text(f"{number} is your number now.")).to_be_visible()
    expect(page.get_by_role("button", name="Change the number")).to_be_focused()
    expect(page.locator(".who")).to_contain_text(number)
    by_sms.check()
    is_fine(page)
    page.get_by_role("button", name="Change the number").click()
    typed.fill(number)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is your number already.")).to_be_visible()
    typed.fill("+49 30 901820")
    for code, words in {"too-soon": "A code was sent a moment ago.", "too-many-codes": "No more codes can be"}.items():
        page.route("**/me/phone", refused(code), times=1)
        expect(page.get_by_role("button", name="Send the code")).to_be_enabled()
        typed.press("Enter")
        expect(page.get_by_text(words)).to_be_visible()
    is_fine(page)
    with portal.door(member) as door:
        assert door.get("/me").json()["phone"] == number
        assert door.get("/me/preferences").json()["sms"]["choices"]["marketing"]["wanted"] is True


def test_an_account_that_is_being_closed_says_so_on_every_page_and_can_be_kept(portal: Portal) -> None:
    member = portal.member()
    page = portal.page()
    portal.sign_in(page, member.email, "/profile/close")
    close = page.get_by_role("button", name="Close the account")
    expect(close).to_be_disabled()
    page.get_by_label(re.compile("I lose [0-9,]+ points")).check()
    is_fine(page)

    def answered_to_nobody(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/me/closure", answered_to_nobody, times=1)
    close.click()
    expect(page.get_by_text("No answer came")).to_be_visible(timeout=SLOW_MS)
    page.reload()
    expect(page.get_by_text(re.compile("^You can undo this until"))).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("link", name="Points", exact=True).click()
    expect(page.get_by_text("Your account is being closed.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("points$"))
    is_fine(page)
    page.get_by_role("link", name="Keep it after all").click()
    page.get_by_role("button", name="Keep my account").click()
    expect(page.get_by_text("Your account stays.")).to_be_visible()
    expect(page.get_by_text("Your account is being closed.")).to_have_count(0)
    # To close it after all is another request, and not the one that was undone.
    page.get_by_label(re.compile("I lose [0-9,]+ points")).check()
    close.click()
    expect(page.get_by_text(re.compile("^You can undo this until"))).to_be_visible(timeout=SLOW_MS)


def test_this_was_not_me_stops_spending_without_signing_in(portal: Portal) -> None:
    member = portal.member()
    with portal.door(member) as door:
        told = door.get("/me/statement/download").json()
    secrets = portal.cloud.client("secretsmanager")
    key = next(one["ARN"] for one in secrets.list_secrets()["SecretList"] if "SecurityLinks" in one["Name"])
    until = datetime.now(UTC) + timedelta(days=20)
    link = freezing.Link(told["program_id"], told["member_id"], uuid.uuid4(), until)
    token = freezing.token(secrets.get_secret_value(SecretId=key)["SecretString"], link)

    page = portal.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    page.goto(f"/security#{token}x")
    page.get_by_role("button", name="Stop spending").click()
    expect(page.get_by_text("This link is not good")).to_be_visible(timeout=SLOW_MS)
    is_fine(page)
    page.goto("about:blank")
    page.goto(f"/security#{token}")
    page.get_by_role("button", name="Stop spending").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spending is stopped", timeout=SLOW_MS)
    is_fine(page)
    # A fragment is never sent; nothing else may send it either, and the address forgets it.
    assert not [address for address in asked if token in address.replace(f"#{token}", "")]
    assert token not in page.url
    with portal.door(member) as door:
        assert "frozen" in door.get("/me/closure").json()["obstacles"]
