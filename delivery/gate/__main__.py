"""`make gate BASE=origin/main`: what this checkout would lose of what the base revision made; `DEPLOYED=1 ENV=prod`: of
what stands in the account. Ends with 1 if anything, and says what; a loss that is wanted: ALLOW="stack/LogicalId …".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3

from delivery.gate.comparing import losses
from delivery.gate.stateful import pinned
from delivery.gate.templates import NoTemplates, revision, standing, synthesised
from stacks.settings import CONFIG_FOLDER, REPOSITORY, SettingsError, load

PINNED = REPOSITORY / "tests" / "stacks" / "stateful.json"


def main(arguments: Sequence[str]) -> int:
    """Compare, print, and say by the exit code whether anything would be lost (2: cannot compare)."""
    parser = argparse.ArgumentParser(prog="make gate", description=__doc__)
    base = parser.add_mutually_exclusive_group(required=True)
    base.add_argument("--base", metavar="REVISION", help="a revision of git")
    base.add_argument("--deployed", action="store_true", help="what stands in the account, by your credentials")
    base.add_argument(
        "--pin", action="store_true", help=f"write {PINNED.relative_to(REPOSITORY)} anew, and compare nothing"
    )
    parser.add_argument("--env", default="full", help="of config/ (full)")
    parser.add_argument("--allow", nargs="*", default=[], metavar="STACK/ID", help="losses that are wanted")
    asked = parser.parse_args(arguments)
    config = CONFIG_FOLDER / f"{asked.env}.toml"
    try:
        settings = load(config)
        now = synthesised(REPOSITORY, str(config))
        if asked.pin:
            PINNED.write_text(json.dumps(pinned(now), indent=1) + "\n")
            return 0
        if asked.deployed:
            regions = dict.fromkeys(now, settings.deployment.region)
            regions |= {stack: "us-east-1" for stack in now if stack.endswith("-edge")}
            before = standing(sorted(now), regions, boto3.Session())
        else:
            before = _of(asked.base, asked.env)
    except (NoTemplates, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    return _told(before, now, set(asked.allow))


def _of(name: str, environment: str) -> dict[str, dict[str, Any]]:
    """The base's templates by its own config: a change of the config is a change."""
    with revision(name) as folder:
        config = Path("config", f"{environment}.toml")
        if not (folder / config).is_file():
            return {}
        return synthesised(folder, str(config))


def _told(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], allowed: set[str]) -> int:
    found = losses(before, now)
    lost = [loss for loss in found if loss.subject not in allowed]
    for loss in found:
        print(f"{'LOST   ' if loss in lost else 'allowed'} {loss}")
    for name in sorted(allowed - {loss.subject for loss in found}):
        print(f"unused  {name}: nothing of it is lost; take it out of ALLOW")
    print(f"{'REFUSED' if lost else 'PASSED'} stacks={len(before)} losses={len(lost)} allowed={len(found) - len(lost)}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
