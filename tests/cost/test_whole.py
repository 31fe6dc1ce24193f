"""`make cost` from the config to the last line."""

from __future__ import annotations

import json

import pytest

from cost.__main__ import SIZES, main
from stacks.settings import CONFIG_FOLDER


@pytest.mark.large
@pytest.mark.parametrize("environment", [path.stem for path in sorted(CONFIG_FOLDER.glob("*.toml"))])
def test_every_config_has_a_price_at_three_sizes(environment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--env", environment, "--json"]) == 0
    estimates = json.loads(capsys.readouterr().out)
    assert [one["members"] for one in estimates] == list(SIZES)
    assert all(one["label"] == "estimate" and one["usd"] > 0 for one in estimates)
    assert sorted(one["usd"] for one in estimates) == [one["usd"] for one in estimates]


@pytest.mark.large
def test_a_share_that_is_set_changes_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    sums = []
    for share in ("0.1", "0.9"):
        assert main(["--env", "dev", "--members", "1_000_000", "--set", f"active_share={share}", "--json"]) == 0
        sums.append(json.loads(capsys.readouterr().out)[0]["usd"])
    assert sums[1] > 2 * sums[0]
