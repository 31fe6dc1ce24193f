"""What preflight asks of an account is what the templates need."""

from __future__ import annotations

from delivery.preflight import places
from stacks.edge import REGION as EDGE
from tests.stacks.assembly import Assembly


def test_the_bootstrap_that_preflight_asks_for_is_the_templates(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        (check,) = template["Rules"]["CheckBootstrapVersion"]["Assertions"]
        too_old = check["Assert"]["Fn::Not"][0]["Fn::Contains"][0]
        assert int(max(too_old, key=int)) + 1 == places.BOOTSTRAP_VERSION


def test_the_firewall_before_the_web_apps_is_where_preflight_looks() -> None:
    assert places.EDGE == EDGE
