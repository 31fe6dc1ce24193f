"""Support puts an export together and asks for an erasure; a second person approves; each store gives its receipt."""

from __future__ import annotations

import io
import re
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import expect

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.web.conftest import Portal
from tests.web.manager.conftest import Manager, told

pytestmark = ON_CLOUD


def work(cloud: Connected) -> None:
    """Not at the next minute, but now."""
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs["PrivacyFunctionName"], Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_member_is_exported_and_erased_by_two(manager: Manager, portal: Portal) -> None:
    member = portal.member(points=500)
    desk = manager.sign_in("support", f"/members/{member.number}?tab=privacy")
    desk.get_by_role("button", name="Put an export together").click()
    told(desk, "The export is put together")
    work(manager.cloud)
    desk.reload()
    with desk.expect_download() as taken:
        desk.get_by_role("button", name="Download").first.click()
    with ZipFile(io.BytesIO(Path(taken.value.path()).read_bytes())) as archive:
        assert member.email in archive.read("data/person.json").decode()

    desk.get_by_role("button", name="Erase the member").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"\d+ points are lost"))
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Ask for erasure").click()
    told(desk, "A second person has to approve it now")

    second = manager.sign_in("business-operator", "/privacy/requests?kind=erasure")
    second.get_by_role("row").filter(has_text=member.number).get_by_role("link").click()
    second.get_by_role("button", name="Approve").click()
    second.get_by_role("dialog").get_by_role("button", name="Erase").click()
    told(second, "It runs.")
    work(manager.cloud)
    second.reload()
    row = second.get_by_role("row").filter(has_text="Sign-in (Cognito)")
    expect(row).to_contain_text("1 users")
    expect(second.get_by_role("row").filter(has_text="Points and membership")).to_contain_text("points")
