"""docs/operations/cost.md names keys, tags, functions and alarms that are there."""

from __future__ import annotations

import re
import tomllib

from cost.usage import load_usage
from stacks.costs import DEPLOYMENT_TAG
from stacks.settings import CONFIG_FOLDER, REPOSITORY, load

PAGE = (REPOSITORY / "docs" / "operations" / "cost.md").read_text()


def test_every_setting_that_is_a_lever_is_one_of_the_config() -> None:
    settings = load(CONFIG_FOLDER / "prod.toml")
    levers = re.findall(r"\| `([a-z_]+(?:\.[a-z_]+)+) = ([^`]+)`", PAGE)
    assert len(levers) >= 8
    for path, value in levers:
        section: object = settings
        for name in path.split("."):
            section = getattr(section, name)
        assert section != tomllib.loads(f"it = {value}")["it"], f"{path} is so already"


def test_every_assumption_that_is_a_lever_is_one_of_the_usage_model() -> None:
    named = set(re.findall(r"`([a-z_]+_per_redemption)(?: = 0)?`", PAGE))
    assert named
    assert named <= set(load_usage())


def test_the_tags_to_activate_are_those_that_the_stacks_have() -> None:
    activated = set(re.findall(r"TagKey=([\w-]+)", PAGE))
    assert activated == {DEPLOYMENT_TAG, "part", "cost-centre"}
