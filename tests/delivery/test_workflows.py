"""The workflows at GitHub do what the Makefile knows, with the fewest rights, and with actions that cannot change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery import images
from stacks.settings import CONFIG_FOLDER, REPOSITORY, load

FILES = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[str, Any]] = {path.stem: yaml.safe_load(path.read_text()) for path in FILES}
JOBS = [(name, job, what) for name, workflow in WORKFLOWS.items() for job, what in workflow["jobs"].items()]
STEPS = [(f"{name}.{job}", step) for name, job, what in JOBS for step in what["steps"]]
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
# What a job may write, and why it has to.
WRITES = {
    ("diff", "diff"): {"id-token", "pull-requests"},  # signs in at AWS; comments
    ("images", "build"): {"id-token"},
    ("images", "propose"): {"contents", "pull-requests"},  # a branch with the digests, and its pull request
    ("deploy", "deploy"): {"id-token"},
    ("nightly", "drift"): {"id-token"},
}
EVENTS = {"pull_request", "push", "schedule", "workflow_dispatch"}


def test_they_are_all_there() -> None:
    assert set(WORKFLOWS) == {"check", "diff", "images", "deploy", "nightly"}
    commands = " ".join(step["run"] for _, step in STEPS if "run" in step)
    for target in ("check", "test", "gate", "audit", "diff", "images", "deploy", "prove", "drift"):
        assert f"make {target}" in commands, target


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_says_when_it_runs_and_takes_no_more_than_to_read(name: str) -> None:
    workflow = WORKFLOWS[name]
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow) <= {"name", True, "permissions", "concurrency", "jobs"}
    assert set(workflow[True]) <= EVENTS
    assert workflow["permissions"] == {"contents": "read"}
    # Would run a stranger's change with our rights.
    assert "pull_request_target" not in FILES[[path.stem for path in FILES].index(name)].read_text()


@pytest.mark.parametrize(("name", "job", "what"), JOBS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_job_writes_what_it_must_and_ends(name: str, job: str, what: dict[str, Any]) -> None:
    assert set(what) <= {
        *("if", "needs", "strategy", "runs-on", "timeout-minutes", "environment"),
        *("concurrency", "permissions", "env", "steps"),
    }
    assert 1 <= what["timeout-minutes"] <= 240
    needs = what.get("needs", [])
    assert set([needs] if isinstance(needs, str) else needs) <= set(WORKFLOWS[name]["jobs"])
    wanted = {right for right, level in what.get("permissions", {}).items() if level == "write"}
    assert wanted == WRITES.get((name, job), set())
    assert set(what.get("permissions", {}).values()) <= {"read", "write"}


@pytest.mark.parametrize(("where", "step"), STEPS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_step_runs_what_there_is_and_cannot_be_talked_into_anything(where: str, step: dict[str, Any]) -> None:
    assert set(step) <= {"name", "if", "uses", "with", "run", "env"}
    assert ("uses" in step) != ("run" in step)
    if "uses" in step:
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", step["uses"]), "an action is named by its commit"
        assert "aws-access-key-id" not in step.get("with", {})
        return
    targets = re.findall(r"\bmake ((?:[a-z-]+ ?)+)", step["run"])
    assert {target for line in targets for target in line.split()} <= TARGETS
    # What comes from outside goes through the environment: an expression in a script would be part of the script.
    assert "${{" not in step["run"]


def test_no_secret_is_in_any_environment() -> None:
    for path in FILES:
        assert "secrets." not in path.read_text(), "AWS is entered by OIDC, GitHub by its own token"
    for name, job, what in JOBS:
        for key, value in what.get("env", {}).items():
            assert not re.search("secret|password", f"{key}{value}", re.IGNORECASE), (name, job, key)


def test_actions_carry_the_version_that_their_commit_is_of() -> None:
    pinned: dict[str, set[str]] = {}
    for path in FILES:
        for line in re.findall(r"uses: (.*)", path.read_text()):
            action, commit, version = re.fullmatch(r"([a-z/-]+)@([0-9a-f]{40}) # (v[\d.]+)", line).groups()  # type: ignore[union-attr]
            pinned.setdefault(action, set()).add(f"{commit} {version}")
    assert all(len(versions) == 1 for versions in pinned.values()), pinned


def test_what_the_workflows_read_of_github_is_told_to_who_sets_it_up() -> None:
    named = {name for path in FILES for name in re.findall(r"vars\.(\w+)", path.read_text())}
    told = (REPOSITORY / "docs" / "operations" / "deploy.md").read_text()
    told += (REPOSITORY / "docs" / "operations" / "upgrade.md").read_text()
    assert {name for name in named if f"`{name}" not in told} == set()


def test_production_is_deployed_by_hand_and_only_by_its_environment() -> None:
    deploy = WORKFLOWS["deploy"]["jobs"]["deploy"]
    assert deploy["environment"] == "${{ inputs.environment || 'dev' }}"
    assert WORKFLOWS["deploy"][True]["workflow_dispatch"]["inputs"]["environment"]["options"] == ["dev", "prod"]
    order = [step["run"].split()[1] for step in deploy["steps"] if step.get("run", "").startswith("make")]
    assert order == ["gate", "deploy"], "what would be lost is known before anything is changed"
    assert deploy["concurrency"]["cancel-in-progress"] is False


DIGEST = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/loyalty-prod/{{}}@sha256:{'a' * 64}"


def test_digests_come_into_the_config_and_every_other_line_stays(tmp_path: Path) -> None:
    before = (CONFIG_FOLDER / "prod.toml").read_text()
    wanted = {name: DIGEST.format(name) for name in images.SECTIONS}
    once = images.written(before, wanted)
    path = tmp_path / "prod.toml"
    path.write_text(once)
    settings = load(path)
    assert settings.services.orders.image == wanted["orders"]
    assert settings.services.payments.image == wanted["payments"]
    assert settings.insight.image == wanted["forecast"]
    assert [line for line in once.splitlines() if line in before.splitlines()] == [
        line for line in once.splitlines() if not line.startswith('image = "') and line != "[insight]"
    ]
    again = images.written(once, {name: image.replace("a" * 64, "b" * 64) for name, image in wanted.items()})
    assert once.count("image =") == again.count("image =") == 3


def test_a_digest_that_is_none_leaves_the_config_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "CONFIG_FOLDER", tmp_path)
    text = (CONFIG_FOLDER / "prod.toml").read_text()
    (tmp_path / "prod.toml").write_text(text)
    assert images.main(["prod", "orders=somewhere:latest"]) == 2
    assert "services.orders.image" in capsys.readouterr().err
    assert images.main(["prod", f"portal={DIGEST.format('portal')}"]) == 2
    assert images.main(["nowhere", "orders=x"]) == 2
    assert (tmp_path / "prod.toml").read_text() == text
