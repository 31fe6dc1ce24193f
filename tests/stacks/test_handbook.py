"""What the handbook names is in the templates: outputs, stacks, functions, alarms, rules."""

from __future__ import annotations

import re

from tests.operations.handbook import FILL, FOLDER, PAGES, commands
from tests.stacks.assembly import Assembly


def test_every_output_that_a_command_names_exists(assembly: Assembly) -> None:
    outputs = {name for template in assembly.templates.values() for name in template.get("Outputs", {})}
    named = {name for command in commands() for name in FILL.findall(command.text) if name[:1].isupper()}
    assert len(named) >= 5
    assert named <= outputs


def test_every_stack_and_dashboard_that_is_named_exists(assembly: Assembly) -> None:
    parts = {name.removeprefix("loyalty-full-") for name in assembly.templates}
    shown = assembly.resources("AWS::CloudWatch::Dashboard")
    parts |= {str(one.properties["DashboardName"]).removeprefix("loyalty-full-") for one in shown}
    for page in PAGES:
        for part in re.findall(r"`loyalty-(?:<environment>|prod)-([a-z]+)`", page.read_text()):
            assert part in parts, f"{page.name}: {part}"


def test_every_alarm_of_dead_letters_that_is_told_of_exists(assembly: Assembly) -> None:
    ids = {one.id for one in assembly.resources("AWS::CloudWatch::Alarm", "AWS::SQS::Queue")}
    told = set(re.findall(r"`(\w+DeadLetters)`", (FOLDER / "dead-letters.md").read_text()))
    assert told
    assert not {name for name in told if not any(id.startswith(name) for id in ids)}


def test_every_rule_that_a_restore_disables_exists(assembly: Assembly) -> None:
    text = (FOLDER / "restore.md").read_text()
    (rules,) = re.findall(r"every rule with a schedule: (.*?), each named", text, re.DOTALL)
    ids = {rule.id for rule in assembly.resources("AWS::Events::Rule")}
    for name in re.findall(r"`(\w+)`", rules):
        assert any(id.startswith(name) for id in ids), name
