"""What functions are given: a layer from the lock file that fits, and our own code without litter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stacks import assets

# Text of ours and two fonts; what is more has come in by mistake.
CODE_LIMIT_MB = 3.5
MIGRATION_LIMIT_MB = 4.5
LAYER_LIMIT_MB = 60
# Lambda's own limit for code and layers together.
WEBHOOKS_LIMIT_MB = 250


@pytest.fixture(scope="module")
def layer() -> Path:
    return assets.layer("aarch64-manylinux_2_28")


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _installed(layer: Path) -> dict[str, str]:
    found = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name) for path in (layer / "python").iterdir())
    return {one[1].replace("_", "-").lower(): one[2] for one in found if one}


def test_the_layer_fits(layer: Path) -> None:
    assert _size_mb(layer) <= LAYER_LIMIT_MB


def test_the_layer_of_the_payment_webhooks_fits_and_can_prove_signatures() -> None:
    layer = assets.layer("aarch64-manylinux_2_28", "webhooks")
    assert _size_mb(layer) <= WEBHOOKS_LIMIT_MB
    assert {"stripe", "cryptography", "psycopg", "aws-lambda-powertools"} <= set(_installed(layer))


def test_the_layer_of_documents_fits_and_can_draw() -> None:
    layer = assets.layer("aarch64-manylinux_2_28", "documents")
    assert _size_mb(layer) <= LAYER_LIMIT_MB
    assert {"reportlab", "psycopg", "aws-lambda-powertools"} <= set(_installed(layer))


def test_the_layer_leaves_out_what_the_runtime_has_and_what_no_function_needs(layer: Path) -> None:
    assert {"boto3", "botocore", "cryptography", "pip", "pyarrow"}.isdisjoint(_installed(layer))
    for litter in ("bin", ".lock"):
        assert not (layer / "python" / litter).exists()
    assert not list(layer.rglob("*.pyc"))


def test_the_layer_is_exactly_what_is_locked(layer: Path) -> None:
    lock = tomllib.loads((assets.REPOSITORY / "uv.lock").read_text())
    locked: dict[str, set[str]] = {}
    for package in lock["package"]:
        locked.setdefault(package["name"], set()).add(package.get("version", ""))
    installed = _installed(layer)
    assert {"aws-lambda-powertools", "psycopg", "psycopg-binary", "pydantic", "urllib3"} <= set(installed)
    for name, version in installed.items():
        assert version in locked[name], name


def test_the_layer_of_the_cloud_is_built_for_graviton(layer: Path) -> None:
    binaries = [path.name for path in layer.rglob("*.so") if "x86_64" in path.name or "aarch64" in path.name]
    assert binaries
    assert all("aarch64" in name for name in binaries)


def test_the_layer_is_not_built_again_while_the_lock_file_is_the_same(layer: Path) -> None:
    before = layer.stat().st_mtime_ns
    assert assets.layer("aarch64-manylinux_2_28") == layer
    assert layer.stat().st_mtime_ns == before


def test_the_code_is_our_folders_and_small() -> None:
    code = assets.code()
    assert {path.name for path in code.iterdir()} == {folder.split("/")[0] for folder in assets.CODE_FOLDERS}
    assert {f"analytics/{path.name}" for path in (code / "analytics").iterdir()} == {assets.ROOM, *assets.ANALYTICS}
    assert _size_mb(code) < CODE_LIMIT_MB
    assert (code / "loyalty" / "rds-ca-bundle.pem").exists()
    assert not [path for path in code.rglob("*") if path.name == "__pycache__" or path.suffix == ".pyc"]


def test_the_migration_has_the_sql_and_no_other_function_does() -> None:
    migration = assets.migration_code()
    assert {path.name for path in migration.iterdir()} == set(assets.MIGRATION_FOLDERS)
    assert list((migration / "database" / "migrations").glob("*.sql"))
    assert _size_mb(migration) < MIGRATION_LIMIT_MB
    assert not (assets.code() / "database").exists()


def test_what_only_the_image_runs_is_with_no_function() -> None:
    for code in (assets.code(), assets.migration_code()):
        assert (code / "loyalty" / "demand").is_dir()
        assert not [folder for folder in assets.SCIENCE if (code / folder).exists()]


def test_what_a_function_needs_of_the_lake_is_in_its_code_and_needs_no_other_package() -> None:
    """The metrics' words and the warehouse's statements are read from files that lie beside them."""
    code = assets.code()
    asked = "from analytics.warehouse import statements; print(len(statements.bootstrap()), *statements.tables())"
    # -S: no package but Python's own; -B: what is deployed stays as it was built.
    done = subprocess.run([sys.executable, "-BS", "-c", asked], cwd=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "redemption_line" in done.stdout


def test_the_exports_modules_are_those_that_its_job_imports() -> None:
    modules = assets.lake_modules()
    assert {path.name for path in modules.iterdir()} == {"analytics"}
    assert {f"analytics/{path.name}" for path in (modules / "analytics").iterdir()} == {
        assets.ROOM,
        *assets.LAKE_FOLDERS,
    }


def test_the_export_finds_contracts_and_rules_in_the_zip_that_glue_imports_it_from(tmp_path: Path) -> None:
    packed = shutil.make_archive(str(tmp_path / "modules"), "zip", assets.lake_modules())
    asked = (
        f"import sys; sys.path.insert(0, {packed!r});"
        "from analytics.export.contract import contracts; from analytics.export.quality.rules import rules;"
        "print(sum(len(rules(one)) > 0 for one in contracts()))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 15


def test_images_are_built_from_what_they_run_and_nothing_else() -> None:
    context = assets.image_context()
    assert {path.name for path in context.iterdir()} == {*assets.IMAGE_FOLDERS, "pyproject.toml", "uv.lock"}


@pytest.mark.parametrize("service", ["orders", "payments"])
def test_an_image_runs_as_nobody_on_graviton_with_a_health_check(service: str) -> None:
    lines = (assets.REPOSITORY / "containers" / service / "Dockerfile").read_text().splitlines()
    stages = [line for line in lines if line.startswith("FROM")]
    assert len(stages) >= 2, "what builds is not what runs"
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users
    assert users[-1] not in ("0", "root")
    assert any(line.startswith("HEALTHCHECK") for line in lines)
