"""Put the digests of pushed images into a config, where they decide what a deployment runs: `make images ENV=…`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence

from stacks.settings import CONFIG_FOLDER, SettingsError, load

SECTIONS: Mapping[str, str] = {"orders": "services.orders", "payments": "services.payments", "forecast": "insight"}


def written(text: str, images: Mapping[str, str]) -> str:
    """The config with these images (`orders`: `…@sha256:…`) in their sections; every other line stays as it is.

    Raises ValueError on an image that no section has.
    """
    for name, image in images.items():
        if name not in SECTIONS:
            raise ValueError(f"there is no image {name} (there are: {', '.join(SECTIONS)})")
        text = _in_section(text, SECTIONS[name], f'image = "{image}"')
    return text


def _in_section(text: str, section: str, line: str) -> str:
    lines = text.splitlines()
    heading = f"[{section}]"
    if heading not in (one.strip() for one in lines):
        return "\n".join([*lines, "", heading, line, ""])
    start = next(number for number, one in enumerate(lines) if one.strip() == heading) + 1
    end = next((number for number in range(start, len(lines)) if re.match(r"\s*\[", lines[number])), len(lines))
    present = next((number for number in range(start, end) if re.match(r"\s*image\s*=", lines[number])), None)
    if present is None:
        lines.insert(start, line)
    else:
        lines[present] = line
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str]) -> int:
    """Write the config; 2, and the config as it was, if it would be refused."""
    parser = argparse.ArgumentParser(prog="make images", description=__doc__)
    parser.add_argument("environment", help="of config/")
    parser.add_argument("images", nargs="+", metavar="NAME=IMAGE", help=f"NAME: {', '.join(SECTIONS)}")
    asked = parser.parse_args(arguments)
    path = CONFIG_FOLDER / f"{asked.environment}.toml"
    try:
        before = path.read_text()
        path.write_text(written(before, dict(pair.split("=", 1) for pair in asked.images)))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    try:
        load(path)
    except SettingsError as error:
        path.write_text(before)
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
