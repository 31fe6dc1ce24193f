"""What is shipped, as CycloneDX: a bill for each layer, each image and the web apps, from the lock files alone.

`python -m stacks.bill_of_materials FOLDER` writes them. The same lock files give the same bytes. What an image's base
brings is not in a lock file: ECR looks through that when the image is pushed.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.settings import REPOSITORY

# By name of the bill: the group of uv.lock that it lists.
LAYERS = ("api", "webhooks", "documents", "invoices", "erp", "reports")
IMAGES = {"orders": "containers", "payments": "containers", "forecast": "insight"}
WEB = ("portal", "manager", "shared")
# https://cyclonedx.org/docs/1.6/json/
SCHEMA, VERSION = "http://cyclonedx.org/schema/bom-1.6.schema.json", "1.6"
_IMPORTED = re.compile(r"""(?:from|import)\s*\(?\s*["']((?:@[\w.-]+/)?[\w.-]+)[^"']*["']""")
_REPLACED = re.compile(r"""replacement: ["']((?:@[\w.-]+/)?[\w.-]+)""")

Component = dict[str, Any]


def bills() -> dict[str, dict[str, Any]]:
    """By name: `layer-api`, `image-orders`, `web`, …"""
    locked = tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]
    found = {f"layer-{group}": _bill(f"layer-{group}", "library", python(locked, group)) for group in LAYERS}
    for image, group in IMAGES.items():
        found[f"image-{image}"] = _bill(f"image-{image}", "container", python(locked, group))
    return found | {"web": _bill("web", "application", web())}


def python(locked: Iterable[Mapping[str, Any]], group: str) -> list[Component]:
    """The packages of a group, and what those need, on Linux."""
    packages = {package["name"]: package for package in locked}
    (ours,) = [package for package in packages.values() if package["source"].get("virtual") == "."]
    names = _closed(
        (one["name"] for one in ours["dev-dependencies"][group]),
        lambda name: (
            *packages[name].get("dependencies", ()),
            *(one for extra in packages[name].get("optional-dependencies", {}).values() for one in extra),
        ),
    )
    return [_package(packages[name]) for name in sorted(names)]


def _closed(first: Iterable[str], needs: Any) -> set[str]:
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [one["name"] for one in needs(name)]
    return found


def _package(package: Mapping[str, Any]) -> Component:
    name, version = package["name"], package["version"]
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        # One of these files, whichever fits the platform, and no other: the lock file's hashes.
        "properties": [{"name": "uv:locked", "value": one} for one in sorted(file["hash"] for file in files)],
    }


def web() -> list[Component]:
    """The packages that the apps' own code imports, and what those need."""
    packages = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"]
    installed = {
        path.removeprefix("node_modules/"): one for path, one in packages.items() if path.count("node_modules/") == 1
    }

    def needs(name: str) -> list[dict[str, str]]:
        said = installed[name].get("dependencies", {}) | installed[name].get("peerDependencies", {})
        return [{"name": one} for one in said if one in installed]

    return [_module(name, installed[name]) for name in sorted(_closed(_imported() & installed.keys(), needs))]


def _imported() -> set[str]:
    return {
        name
        for folder in WEB
        for path in (REPOSITORY / "web" / folder).rglob("*")
        # What a build takes in the place of what is imported is in its settings.
        for ways in [_REPLACED if path.suffix == ".mts" else _IMPORTED]
        if path.suffix in (".ts", ".tsx", ".css", ".mts")
        for name in ways.findall(path.read_text())
    }


def _module(name: str, module: Mapping[str, Any]) -> Component:
    purl = f"pkg:npm/{name.replace('@', '%40', 1)}@{module['version']}"
    algorithm, _, digest = module["integrity"].partition("-")
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": module["version"],
        "purl": purl,
        "hashes": [{"alg": f"SHA-{algorithm.removeprefix('sha')}", "content": base64.b64decode(digest).hex()}],
        **({"licenses": [{"expression": module["license"]}]} if "license" in module else {}),
    }


def _bill(name: str, kind: str, components: list[Component]) -> dict[str, Any]:
    content = json.dumps(components, sort_keys=True)
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        # No moment and no chance: what has not changed has the same number.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{name} {content}')}",
        "version": 1,
        "metadata": {"component": {"type": kind, "bom-ref": name, "name": f"loyalty-{name}"}},
        "components": components,
    }


def main(folder: Path) -> Iterator[str]:
    """Write them; a line for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, bill in bills().items():
        path = folder / f"{name}.cdx.json"
        path.write_text(json.dumps(bill, indent=1) + "\n")
        yield f"{path}: {len(bill['components'])} packages"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in main(Path(sys.argv[1])))
