"""`make cost`: what a month of a config costs about, for so many members."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from cost import picture, report
from cost.estimate import Bill, UnknownType, bill, world_of
from cost.prices import PriceFileError
from cost.synthesis import synthesised
from stacks.assets import BuildError
from stacks.settings import CONFIG_FOLDER, REPOSITORY, SettingsError, load

SIZES = (1_000, 100_000, 10_000_000)
PAGE, PICTURE = REPOSITORY / "docs" / "cost.md", REPOSITORY / "docs" / "cost.svg"
BEGIN, END = "<!-- cost: begin -->", "<!-- cost: end -->"


def main(arguments: Sequence[str]) -> int:
    """Prints the estimate; 1 if the config, a price or an assumption is refused."""
    asked = _asked(arguments)
    try:
        settings = load(CONFIG_FOLDER / f"{asked.env}.toml")
        templates = synthesised(settings)
        personalize = settings.insight.personalize
        bills = [
            bill(
                world_of(
                    templates,
                    members,
                    personalize=personalize if personalize.enabled else None,
                    overrides=dict(pair.partition("=")[::2] for pair in asked.set),
                )
            )
            for members in ([asked.members] if asked.members else SIZES)
        ]
    except (SettingsError, BuildError, PriceFileError, UnknownType) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    today = datetime.now(UTC).date()
    if asked.json:
        sys.stdout.write(json.dumps([report.document(asked.env, one, today) for one in bills], indent=1) + "\n")
    else:
        sys.stdout.write(report.text(asked.env, bills, today))
    if asked.docs:
        _document(asked.env, bills, today)
    return 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make cost", description=__doc__)
    parser.add_argument("--env", default="prod", help="which of config/*.toml")
    parser.add_argument("--members", type=_members, help="how many; without it three sizes side by side")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of cost/usage.toml")
    parser.add_argument("--json", action="store_true", help="for machines, with every line")
    parser.add_argument("--docs", action="store_true", help="write docs/cost.md and its picture")
    return parser.parse_args(arguments)


def _members(text: str) -> int:
    members = int(text.replace("_", "").replace(",", ""))
    if members < 1:
        raise argparse.ArgumentTypeError("at least one")
    return members


def _document(environment: str, bills: Sequence[Bill], today: date) -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{report.markdown(environment, bills, today)}\n\n{END}{after}")
    PICTURE.write_text(picture.drawn(bills))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
