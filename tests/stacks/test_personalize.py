"""Amazon Personalize: what may read and write what, what the machine is given, what it costs, where it is on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.simulators.personalize import filters as language
from stacks.constructs import personalize_names as names
from stacks.constructs.personalize import DEFINITION
from stacks.constructs.personalize_cost import cost
from stacks.constructs.personalize_schemas import FIELDS
from stacks.settings import CONFIG_FOLDER, SettingsError, load
from tests.stacks.assembly import Assembly, listed
from tests.stacks.test_settings import changed

MACHINE: dict[str, Any] = json.loads(DEFINITION.read_text())


STACK, LAKE, MESSAGING = (f"loyalty-full-{part}" for part in ("insight", "lake", "messaging"))
# What of the stack is Personalize's; the rest is of the nights.
OURS = re.compile(r"Personal|DatasetGroup|Interactions|Items|Users")


def _resources(assembly: Assembly, type: str) -> dict[str, dict[str, Any]]:
    return {one.id: one.properties for one in assembly.resources(type) if one.stack == STACK and OURS.match(one.id)}


def _states(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        assert name not in found
        found[name] = state
        if "ItemProcessor" in state:
            found |= _states(state["ItemProcessor"])
    return found


def test_its_data_are_in_one_dataset_group_encrypted_by_the_lakes_key(assembly: Assembly) -> None:
    (group,) = _resources(assembly, "AWS::Personalize::DatasetGroup").values()
    assert group["Name"] == "loyalty-full"
    assert {"KmsKeyArn", "RoleArn"} <= group.keys()
    datasets = _resources(assembly, "AWS::Personalize::Dataset").values()
    assert {one["DatasetType"] for one in datasets} == {"Interactions", "Items", "Users"}
    schemas = [json.loads(one["Schema"]) for one in _resources(assembly, "AWS::Personalize::Schema").values()]
    columns = {field["name"] for one in schemas for field in one["fields"]}
    assert columns == {field["name"] for fields in FIELDS.values() for field in fields}
    assert not {"NAME", "EMAIL", "PHONE", "ADDRESS", "MEMBER_NUMBER", "MEMBER_ID"} & columns


def test_nothing_of_it_that_costs_by_the_hour_is_a_resource_of_the_stack(assembly: Assembly) -> None:
    kinds = {resource["Type"] for resource in assembly.templates[STACK]["Resources"].values()}
    assert {kind for kind in kinds if "Personalize" in kind} == {
        f"AWS::Personalize::{kind}" for kind in ("DatasetGroup", "Dataset", "Schema")
    }


def test_the_service_reads_and_writes_one_folder_of_the_lake_and_only_for_this_account(assembly: Assembly) -> None:
    lake = assembly.templates[LAKE]["Resources"]
    documents = [
        *(one["Properties"]["PolicyDocument"] for one in lake.values() if one["Type"] == "AWS::S3::BucketPolicy"),
        *(one["Properties"]["KeyPolicy"] for one in lake.values() if one["Type"] == "AWS::KMS::Key"),
    ]
    statements = [
        statement
        for document in documents
        for statement in document["Statement"]
        if "personalize" in json.dumps(statement["Principal"])
    ]
    assert len(statements) == 3
    for statement in statements:
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    objects = next(one for one in statements if "s3:PutObject" in listed(one["Action"]))
    assert json.dumps(objects["Resource"]).endswith('"/insight/*"]]}')


def test_what_the_machine_asks_of_aws_its_role_allows(assembly: Assembly) -> None:
    role = next(id for id in _resources(assembly, "AWS::IAM::Role") if id.startswith("PersonalizingRole"))
    allowed = {action for one in assembly.statements(STACK, role) for action in listed(one["Action"])}
    services = {"personalize": "personalize", "redshiftdata": "redshift-data"}
    asked = set()
    for state in _states(MACHINE).values():
        if state["Type"] == "Task" and ":aws-sdk:" in state["Resource"]:
            service, action = state["Resource"].split(":")[-2:]
            asked.add(f"{services[service]}:{action[0].upper()}{action[1:]}")
    assert asked <= allowed
    assert {one for one in allowed if one.startswith("personalize:")} <= asked, "and nothing else of Personalize"
    (passing,) = (one for one in assembly.statements(STACK, role) if "iam:PassRole" in listed(one["Action"]))
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}


def test_every_value_that_the_definition_leaves_open_is_given_and_it_stays_json(assembly: Assembly) -> None:
    (machine,) = _resources(assembly, "AWS::StepFunctions::StateMachine").values()
    given = machine["DefinitionSubstitutions"]
    text = DEFINITION.read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(given)
    for name, value in given.items():
        text = text.replace(f"${{{name}}}", value if isinstance(value, str) else "x")
    definition = json.loads(text)
    solutions = json.loads(definition["States"]["Learn"]["Items"].removeprefix("{% ").removesuffix(" %}"))
    assert [one["batch"] for one in solutions] == ["", "", "", ""], "full asks campaigns"


def test_every_task_has_an_end_and_is_tried_again_with_jitter_and_a_limit() -> None:
    for name, state in _states(MACHINE).items():
        if state["Type"] != "Task":
            continue
        assert state["TimeoutSeconds"] <= 910, name
        (retry,) = state["Retry"]
        assert retry["JitterStrategy"] == "FULL", name
        assert retry["MaxAttempts"] <= 8, name
        assert retry["MaxDelaySeconds"] <= 300, name


def test_no_run_ends_well_without_saying_which_erasures_it_has_carried_out() -> None:
    states = MACHINE["States"]

    def ends(name: str, told: bool) -> Iterator[bool]:
        state = states[name]
        told = told or "forgotten" in state.get("Arguments", {}).get("Payload", {})
        if state.get("End"):
            yield told
        ways = [*(one["Next"] for one in state.get("Choices", ())), state.get("Default"), state.get("Next")]
        for way in ways:
            if way and not way.startswith(("Wait", "Look")):
                yield from ends(way, told)

    # From after the waiting for what is deleted.
    told = list(ends("Enough", False))
    assert len(told) > 1
    assert all(told)


def test_no_scope_has_a_variable_of_the_one_around_it() -> None:
    """Step Functions refuses a definition in which an inner state assigns what an outer one has."""

    def assigned(machine: dict[str, Any]) -> set[str]:
        found: set[str] = set()
        for state in machine["States"].values():
            for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
                found |= part.get("Assign", {}).keys()
        return found

    outer = assigned(MACHINE)
    for state in MACHINE["States"].values():
        if "ItemProcessor" in state:
            assert not outer & assigned(state["ItemProcessor"])


def test_no_execution_grows_longer_than_its_history_may_be() -> None:
    """Of 25,000 events; a look takes nine, and what is learned is looked at side by side."""
    section = load(CONFIG_FOLDER / "full.toml").insight.personalize
    looks = 8 * 3_600 // section.poll_seconds
    assert len(names.SOLUTIONS) * looks * 9 * 2 < 24_000, "each may be slow twice: a version, and what it answers by"


def test_its_functions_say_their_limits_and_only_one_comes_to_the_database(assembly: Assembly) -> None:
    functions = {
        one["Handler"].split(".")[1]: one["Environment"]["Variables"]
        for one in _resources(assembly, "AWS::Lambda::Function").values()
    }
    assert set(functions) == {"personalize_files", "personalize_events"}
    assert functions["personalize_events"]["DATABASE_ROLE"] == "personalize_events"
    assert "DATABASE_ROLE" not in functions["personalize_files"]


def test_what_it_is_told_goes_by_a_queue_whose_dead_letters_wake_somebody(assembly: Assembly) -> None:
    (feed,) = _resources(assembly, "AWS::Lambda::EventSourceMapping").values()
    assert feed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    queue = assembly.at(assembly.follow(STACK, feed["EventSourceArn"])).properties
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
    alarms = [one for one in assembly.resources("AWS::CloudWatch::Alarm") if one.id.startswith("PersonalDeadLetters")]
    assert [one.stack for one in alarms] == ["loyalty-full-observability"]
    rules = [one.properties for one in assembly.resources("AWS::Events::Rule") if one.stack == MESSAGING]
    assert {"source": ["loyalty"], "detail-type": ["redemption.confirmed"]} in [one["EventPattern"] for one in rules]


def test_a_run_that_could_not_be_begun_is_not_lost(assembly: Assembly) -> None:
    (rule,) = _resources(assembly, "AWS::Events::Rule").values()
    (target,) = rule["Targets"]
    queue = assembly.follow(STACK, target["DeadLetterConfig"]["Arn"])
    assert queue[1].startswith("NotBegun")


def test_filters_are_of_the_services_language_and_of_the_schemas_columns() -> None:
    known = {kind.capitalize(): {field["name"] for field in fields} for kind, fields in FIELDS.items()}
    for expression in names.FILTERS.values():
        assert language.read(expression, known)
    assert language.read(names.FILTERS["affordable"], known).parameters() == {"MOST"}


def test_what_it_costs_is_said_and_a_campaign_costs_also_when_nobody_asks(assembly: Assembly) -> None:
    section = load(CONFIG_FOLDER / "prod.toml").insight.personalize
    batch, live = cost(section), cost(section.model_copy(update={"mode": "campaign"}))
    assert batch.least == 0
    assert live.least > 10 * batch.month / 12
    assert 0 < batch.month < live.month
    twice = cost(section.model_copy(update={"mode": "campaign", "min_tps": 2}))
    assert twice.least == pytest.approx(2 * live.least)
    assert "dollars a month" in assembly.templates[STACK]["Outputs"]["PersonalizeCost"]["Value"]


@pytest.mark.parametrize(("environment", "mode"), [("prod", "batch"), ("full", "campaign"), ("dev", ""), ("local", "")])
def test_it_is_on_in_production_and_off_on_the_laptop(environment: str, mode: str) -> None:
    section = load(CONFIG_FOLDER / f"{environment}.toml").insight.personalize
    assert section.enabled == bool(mode)
    assert not mode or section.mode == mode


def test_without_a_lake_it_is_refused_by_its_line(tmp_path: Path) -> None:
    path = changed(tmp_path, ("[lake]\n", "[lake]\nenabled = false\n"), based_on="full")
    with pytest.raises(SettingsError, match=r"insight\.personalize\.enabled: it learns from the lake"):
        load(path)


def test_its_last_list_is_not_deleted_while_it_is_used(tmp_path: Path) -> None:
    path = changed(
        tmp_path, ("[insight.personalize]\n", "[insight]\nkept_days = 34\n\n[insight.personalize]\n"), based_on="full"
    )
    with pytest.raises(SettingsError, match=r"insight\.kept_days: .* at least 35 \(got 34\)"):
        load(path)
