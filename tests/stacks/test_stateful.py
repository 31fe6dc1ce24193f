"""What holds data, or an address that others know, keeps its name in the templates."""

from __future__ import annotations

import json

from delivery.gate.__main__ import PINNED
from delivery.gate.stateful import STATEFUL, pinned
from tests.stacks.assembly import Assembly

AGAIN = "wanted? `python -m delivery.gate --pin` writes the list anew; the gate tells what is lost with it"


def test_no_stateful_resource_was_renamed_or_is_gone(assembly: Assembly) -> None:
    known, now = json.loads(PINNED.read_text()), pinned(assembly.templates)
    lost = {
        f"{stack}/{name}": kind
        for stack, resources in known.items()
        for name, kind in resources.items()
        if now.get(stack, {}).get(name) != kind
    }
    assert not lost, AGAIN


def test_every_stateful_resource_is_pinned(assembly: Assembly) -> None:
    assert pinned(assembly.templates) == json.loads(PINNED.read_text()), AGAIN


def test_every_retained_resource_counts_as_stateful(assembly: Assembly) -> None:
    retained = {
        resource["Type"]
        for template in assembly.templates.values()
        for resource in template["Resources"].values()
        if resource.get("DeletionPolicy") in ("Retain", "Snapshot", "RetainExceptOnCreate")
    }
    assert retained <= set(STATEFUL)
