"""What we ship of others: every file pinned by its hash, listed in a bill, and in images that run as nobody."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from stacks import assets, bill_of_materials
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly

DOCKERFILES = sorted((REPOSITORY / "containers").glob("*/Dockerfile"))
# Groups that run on a laptop or in CI and are never shipped.
AT_HOME = {"dev", "local"}


def test_every_python_package_is_locked_with_the_hash_of_every_file() -> None:
    packages = tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]
    others = [package for package in packages if package["source"].get("virtual") != "."]
    assert len(others) > 100
    for package in others:
        assert package["source"].keys() == {"registry"}, f"{package['name']}: not from a registry"
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files, package["name"]
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files), package["name"]


def test_every_package_of_the_web_is_locked_with_its_hash() -> None:
    lock = json.loads((REPOSITORY / "package-lock.json").read_text())
    assert lock["lockfileVersion"] == 3
    wanted = json.loads((REPOSITORY / "package.json").read_text())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name}: a range, and not a version"
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    for path, package in lock["packages"].items():
        if path:
            assert package["integrity"].startswith("sha512-"), path
            assert not package.get("hasInstallScript") or package.get("optional"), (
                f"{path}: runs something when installed"
            )


def test_what_builds_takes_the_lock_as_it_is() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert all("--frozen" in line for line in makefile.splitlines() if re.search(r"\$\(UV\) (sync|export|audit)", line))
    assert re.search(r"pip install --quiet uv==\d", makefile)
    assert "npm ci " in makefile
    assert "npm install" not in makefile
    assert '"--require-hashes"' in (REPOSITORY / "stacks" / "assets.py").read_text()


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_an_image_is_built_of_a_base_that_a_digest_can_name_and_of_the_lock(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^ARG BASE=\S+$", text, re.MULTILINE)
    assert {line.split()[2] for line in text.splitlines() if line.startswith("FROM")} == {"${BASE}"}
    assert "uv sync --frozen" in text
    assert re.search(r"pip install --no-cache-dir uv==\d+\.\d+\.\d+$", text, re.MULTILINE)
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users[-1] == "10001"
    # Nothing is fetched past a package manager, and nothing of a build is left behind as a secret.
    assert not re.search(r"\b(curl|wget|ADD https?)\b|--mount=type=secret|ARG \w*(TOKEN|SECRET|PASSWORD)", text)


def test_a_repository_of_images_is_looked_through_and_its_tags_stay(assembly: Assembly) -> None:
    for repository in assembly.resources("AWS::ECR::Repository"):
        assert repository.properties["ImageScanningConfiguration"]["ScanOnPush"] is True, str(repository)
        assert repository.properties["ImageTagMutability"] == "IMMUTABLE", str(repository)


def test_an_image_of_a_deployment_is_named_by_its_digest() -> None:
    pattern = re.compile(_image_pattern())
    digest = "sha256:" + "0" * 64
    assert pattern.fullmatch(f"111111111111.dkr.ecr.us-east-1.amazonaws.com/loyalty/orders@{digest}")
    assert not pattern.fullmatch("111111111111.dkr.ecr.us-east-1.amazonaws.com/loyalty/orders:latest")


def _image_pattern() -> str:
    from stacks.sections import IMAGE

    return IMAGE


@pytest.fixture(scope="module")
def bills() -> dict[str, dict[str, object]]:
    return bill_of_materials.bills()


def test_every_layer_and_image_has_a_bill(assembly: Assembly) -> None:
    layers = {
        re.findall(r"`(\w+)`", one.properties["Description"])[0]
        for one in assembly.resources("AWS::Lambda::LayerVersion")
    }
    assert layers <= set(bill_of_materials.LAYERS)
    groups = set(tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"])
    assert groups - AT_HOME == {*bill_of_materials.LAYERS, *bill_of_materials.IMAGES.values()}
    assert {path.parent.name for path in DOCKERFILES} == set(bill_of_materials.IMAGES)
    for path in DOCKERFILES:
        assert f"--only-group {bill_of_materials.IMAGES[path.parent.name]}" in path.read_text()


@pytest.mark.parametrize("group", sorted({*bill_of_materials.LAYERS, *bill_of_materials.IMAGES.values()}))
def test_a_bill_lists_what_is_installed(group: str) -> None:
    locked = tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]
    listed = {f"{one['name']}=={one['version']}" for one in bill_of_materials.python(locked, group)}
    said = assets._uv("export", "--frozen", "--quiet", "--only-group", group, "--no-emit-project", "--no-hashes")
    assert listed == {line.partition(" ")[0] for line in said.splitlines() if "==" in line.partition(" ")[0]}


def test_a_bill_is_cyclonedx_with_a_hash_of_every_file(bills: dict[str, dict[str, object]]) -> None:
    for name, bill in bills.items():
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6"), name
        components = bill["components"]
        assert isinstance(components, list)
        assert components, name
        assert len({one["bom-ref"] for one in components}) == len(components), name
        for one in components:
            assert one["purl"].startswith(("pkg:pypi/", "pkg:npm/"))
            assert one.get("hashes") or one["properties"], one["purl"]


def test_the_bill_of_the_web_has_what_the_apps_import(bills: dict[str, dict[str, object]]) -> None:
    components = bills["web"]["components"]
    assert isinstance(components, list)
    names = {one["name"] for one in components}
    assert {"preact", "react", "oidc-client-ts", "openapi-fetch", "vega"} <= names
    assert not names & {"aws-cdk", "typescript", "vite"}, "tools are not shipped"


def test_the_same_locks_give_the_same_bills() -> None:
    assert bill_of_materials.bills() == bill_of_materials.bills()


def test_nothing_of_the_repository_is_a_secret() -> None:
    """Keys as providers write them, in any file that git knows."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True).stdout.decode()
    shapes = re.compile(
        r"\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bsk_live_[0-9a-zA-Z]{10,}|\bghp_[0-9A-Za-z]{36}\b|\bxox[bp]-[0-9A-Za-z-]{20,}"
    )
    for name in filter(None, known.split("\0")):
        path = REPOSITORY / name
        if (
            path.suffix in {".py", ".toml", ".md", ".json", ".ts", ".tsx", ".sql", ".yml", ".yaml", ""}
            and path.is_file()
        ):
            assert not shapes.search(path.read_text(errors="replace")), name
