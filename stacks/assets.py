"""What the functions run: one layer of packages from the lock file, one small folder of our own code. No Docker."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from stacks.settings import REPOSITORY

BUILD = REPOSITORY / "build"
# Of the room analytics: what functions need of it, and what the export's job does.
ANALYTICS = ("analytics/contracts", "analytics/export", "analytics/metrics", "analytics/warehouse")
ROOM = "analytics/__init__.py"
LAKE_FOLDERS = ("analytics/contracts", "analytics/export")
CODE_FOLDERS = ("lambdas", "loyalty", *ANALYTICS)
# What brings the schema to this version needs the SQL as well, and no other function does.
MIGRATION_FOLDERS = ("lambdas", "loyalty", "database")
# Runs in SageMaker's image alone, with packages that no function has.
SCIENCE = ("loyalty/demand/forecasting", "loyalty/night_tables.py", "loyalty/recommendations/engine")
# The web apps' bundles, a folder each.
BUNDLES = BUILD
IMAGE_FOLDERS = ("containers", "loyalty")
# What uv leaves behind that no function needs.
_LEFTOVERS = (".lock", "bin")


class BuildError(Exception):
    """Something to deploy cannot be built or is not there; one sentence, or uv's own message."""


def code() -> Path:
    """A folder with the functions' code, and nothing else."""
    return _copied("code", [REPOSITORY / ROOM, *_without_science(CODE_FOLDERS)])


def migration_code() -> Path:
    """A folder with the code of the function that migrates, and the SQL."""
    return _copied("migration", _without_science(MIGRATION_FOLDERS))


def lake_modules() -> Path:
    """A folder with what the export's job imports beside what Glue has."""
    return _copied("lake", [REPOSITORY / ROOM, *_files(LAKE_FOLDERS)])


def image_context() -> Path:
    """What the images are built from: laid out as the repository, so that a Dockerfile builds there as well."""
    lock = (REPOSITORY / name for name in ("pyproject.toml", "uv.lock"))
    return _copied("images", [*_files(IMAGE_FOLDERS), *lock])


def bundle(folder: Path) -> Path:
    """The folder of a web app's bundle. Raises BuildError while it is not built."""
    if not (folder / "index.html").is_file():
        raise BuildError(f"the {folder.name}'s bundle is not in {folder}: run `make web`")
    return folder


def _copied(kind: str, found: Iterable[Path]) -> Path:
    """A folder below build/ with copies of these files. The same content gives the same folder."""
    files = list(found)
    target = BUILD / kind / _digest(files)
    if target.exists():
        return target
    with _BuiltAside(target) as folder:
        for path in files:
            copy = folder / path.relative_to(REPOSITORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return target


def database_hash() -> str:
    """Changes when the SQL or a programme's initial document does: then the migration runs again."""
    return _digest([*_files(["database"]), *_files(["loyalty/programme/initial"])])


def layer(platform: str, group: str = "api") -> Path:
    """The folder of the layer with the packages of `group` for `platform`, built again only when the lock file changed.

    Raises BuildError.
    """
    target = BUILD / (f"layer-{platform}" if group == "api" else f"layer-{group}-{platform}")
    stamp = hashlib.sha256((REPOSITORY / "uv.lock").read_bytes()).hexdigest()
    marker = target.with_name(f"{target.name}.stamp")
    if target.exists() and marker.exists() and marker.read_text() == stamp:
        return target
    with _BuiltAside(target) as folder:
        _install(platform, group, folder / "python")
    marker.write_text(stamp)
    return target


def _install(platform: str, group: str, folder: Path) -> None:
    export = ["export", "--frozen", "--quiet", "--only-group", group, "--no-emit-project"]
    requirements = _uv(*export)
    # The lock file's hashes go along: what a function runs is what was locked, or the build stops.
    target = [] if platform == "host" else ["--python-platform", platform]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete_on_close=False) as file:
        file.write(requirements)
        file.close()
        install = ["pip", "install", "--quiet", "--target", str(folder), "--python-version", "3.13"]
        _uv(*install, *target, "--only-binary", ":all:", "--no-compile-bytecode", "--require-hashes", "-r", file.name)
    for name in _LEFTOVERS:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _uv(*arguments: str) -> str:
    program = BUILD / "tools" / "bin" / "uv"
    environment = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_COMPILE_BYTECODE")
    }
    try:
        done = subprocess.run(
            # Where CI is set uv colours also what it writes into a file.
            [str(program) if program.exists() else "uv", "--color", "never", *arguments],
            cwd=REPOSITORY,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise BuildError("uv is not installed: run `make install`") from None
    except subprocess.CalledProcessError as error:
        raise BuildError(f"the layer cannot be built: {error.stderr.strip()}") from error
    return done.stdout


class _BuiltAside:
    """A folder made under another name and moved into place whole: two synths at once never see half of it."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> Path:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f".{self._target.name}-", dir=self._target.parent))
        return self._folder

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is None:
            self._folder.chmod(0o755)
            old = self._folder.with_name(f"{self._folder.name}-old")
            if self._target.exists():
                self._target.rename(old)
            try:
                self._folder.rename(self._target)
            except OSError:  # somebody else was quicker with the same content
                shutil.rmtree(self._folder, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
        else:
            shutil.rmtree(self._folder, ignore_errors=True)


def _without_science(folders: Iterable[str]) -> Iterator[Path]:
    left_out = tuple(REPOSITORY / folder for folder in SCIENCE)
    return (path for path in _files(folders) if not any(path.is_relative_to(folder) for folder in left_out))


def _files(folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]
