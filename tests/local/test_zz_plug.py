"""All of ours is killed while members redeem; it comes back, and each redemption is there once, with its ending.

Late in the folder: captured mails are forgotten with the kill.
"""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from local.clock import Clock
from local.cloud import Cloud
from local.connected import Connected
from local.plug.run import Run
from local.status import plug
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD

MEMBERS = 6


@pytest.fixture(scope="module")
def run(own_cloud: Cloud) -> Run:
    """One run; where a cloud in use would wait for two minutes to pass, the clock is turned."""
    connected = Connected(own_cloud.state, own_cloud.ports)
    made = Run(own_cloud, MEMBERS)
    thread = threading.Thread(target=made.run)
    thread.start()
    assert eventually(lambda: made.stage.startswith("every redemption") or made.ended, 120)
    if not made.ended:
        Clock(connected).advance(3, "minutes")
        sweeper = connected.outputs["SweeperFunctionName"]
        rules = json.dumps({"rules": ["replace_dead", "start_left"]})
        connected.client("lambda").invoke(FunctionName=sweeper, Payload=rules)
    thread.join(120)
    return made


def test_nothing_is_lost_doubled_or_violated(run: Run) -> None:
    assert run.wrong == []
    assert run.good
    assert run.reckoning is not None
    assert run.reckoning.redemptions == MEMBERS
    assert all(told.accepted and told.closed for told in run.shoppers.told)


def test_while_the_plug_is_out_members_hear_nothing_or_when_to_come_again(run: Run) -> None:
    assert run.shoppers.attempts["no answer"] > 0
    assert run.shoppers.unexpected == []


def test_every_second_is_on_the_screen_and_the_gap_as_well(run: Run) -> None:
    counts = [sample.counts for sample in run.samples]
    assert None in counts
    assert sum((counts[-1] or {}).values()) == MEMBERS
    shown = plug.screen({"possible": True, "run": run.report()})
    assert f"{MEMBERS} redemptions of {MEMBERS} members, each with its ending: 0 lost, 0 doubled" in shown
    assert "<svg" in shown


def test_everybody_is_served_again(run: Run, cloud: Connected) -> None:
    assert run.ended
    services = cloud.emulator("GET", "/_local/services")
    assert all(service["pid"] for service in services)
    assert httpx.get(f"{cloud.api('Member')}/me", timeout=30).status_code == 401


def test_without_a_supervisor_the_page_says_so() -> None:
    assert "make run" in plug.show(plug.read(None))
