"""Whatever a config says: it is accepted and synthesised, or refused with file, place and reason. Never a traceback."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER, Settings, SettingsError, load
from tests.stacks.conftest import bundles
from tests.stacks.mutations import mutated
from tests.stacks.test_settings import changed

CONFIGS = sorted(CONFIG_FOLDER.glob("*.toml"))
MANY = 1_000
# Synthesised in large, of those that are accepted.
SYNTHESISED = int(os.environ.get("SYNTHESISED", "12"))
# Its line; or the name of what is not there, which has none.
PLACE = (
    r":\d+: .{5}|: [a-z_.]+: (this section is missing$|Field required$|a durable deployment has )|: cannot be read: "
)


def outcome(path: Path) -> Settings | list[str]:
    """The settings, or the lines of the refusal."""
    try:
        return load(path)
    except SettingsError as refused:
        return str(refused).splitlines()


def test_a_thousand_mutated_configs_are_accepted_or_refused_by_place_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "mutated.toml"
    accepted = refused = 0
    for seed in range(MANY):
        text = mutated(CONFIGS[seed % len(CONFIGS)].read_text(), seed)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        told = outcome(path)
        if isinstance(told, Settings):
            accepted += 1
            continue
        refused += 1
        assert told, seed
        for line in told:
            # Of what an error shows of a value a new line would be a line without a place.
            assert line.startswith(str(path)), (seed, line)
            assert re.match(PLACE, line.removeprefix(str(path))), (seed, line)
    # A mutation that is always refused, or never, would try nothing.
    assert accepted > MANY // 20
    assert refused > MANY // 3


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"", b"\x00", '[deployment]\nname = "prod"'.encode("utf-16"), b"a = 1\r\n[x\r\n", b"[" * 100_000],
)
def test_what_is_no_config_at_all_is_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mutated.toml"
    path.write_bytes(content)
    told = outcome(path)
    assert isinstance(told, list)
    assert all(line.startswith(str(path)) for line in told)


def test_a_folder_in_place_of_a_config_is_refused_in_a_line(tmp_path: Path) -> None:
    assert outcome(tmp_path) == [f"{tmp_path}: cannot be read: [Errno 21] Is a directory: '{tmp_path}'"]


@pytest.mark.large
def test_what_is_accepted_is_synthesised(tmp_path: Path) -> None:
    """Each mutation that load() accepts gives templates; the seeds go on where the quick test's end."""
    import aws_cdk as cdk

    from app import build, flags

    web, path = bundles(tmp_path), tmp_path / "mutated.toml"
    done, seed = 0, 0
    while done < SYNTHESISED:
        base = CONFIGS[seed % len(CONFIGS)].read_text()
        text = mutated(base, seed)
        seed += 1
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        told = outcome(path)
        if isinstance(told, list) or told == load(CONFIGS[(seed - 1) % len(CONFIGS)]):
            continue
        app = cdk.App(context=flags(), outdir=str(tmp_path / f"out-{done}"), builtin_cloud_formation_validation=False)
        build(app, told, web)
        assert app.synth().stacks, seed
        done += 1


def test_an_accepted_config_is_what_it_says(tmp_path: Path) -> None:
    path = changed(tmp_path, ("backup_days = 35", "backup_days = 34"))
    told = outcome(path)
    assert isinstance(told, Settings)
    assert told.database.backup_days == 34
