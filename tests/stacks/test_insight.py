"""The night's analysis: what SageMaker may, where it runs, how the machine goes, what stops it and who hears of it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks import insight
from stacks.settings import SettingsError, load
from tests.faults.expressions import value_of
from tests.stacks.assembly import Assembly, Resource, listed
from tests.stacks.test_imports import REPOSITORY
from tests.stacks.test_settings import changed

MACHINE: dict[str, Any] = json.loads(insight.DEFINITION.read_text())
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
SCIENCE = (
    "loyalty.demand.forecasting",
    "loyalty.demand.trends",
    "loyalty.demand.outlook",
    "loyalty.night_tables",
    "loyalty.recommendations.engine",
)


def _one(assembly: Assembly, type: str, name: str = "") -> Resource:
    (found,) = (one for one in assembly.resources(type) if one.stack.endswith("-insight") and one.id.startswith(name))
    return found


def _may(assembly: Assembly, role: str) -> dict[str, set[str]]:
    """What a role may do → with what."""
    found: dict[str, set[str]] = {}
    one = _one(assembly, "AWS::IAM::Role", role)
    for statement in assembly.statements(one.stack, one.id):
        for action in listed(statement["Action"]):
            texts = {json.dumps(resource) for resource in listed(statement["Resource"])}
            found.setdefault(action, set()).update(texts)
    return found


# ---- SageMaker ---------------------------------------------------------------------------------------------------


def test_the_image_serves_by_a_model_without_an_artefact_and_without_a_network(assembly: Assembly) -> None:
    model = _one(assembly, "AWS::SageMaker::Model").properties
    assert "ModelDataUrl" not in model["PrimaryContainer"]
    assert model["EnableNetworkIsolation"] is True
    assert len(model["VpcConfig"]["Subnets"]) == 3
    group = _one(assembly, "AWS::SageMaker::ModelPackageGroup").properties
    assert group["ModelPackageGroupName"] == "loyalty-full-demand"
    card = _one(assembly, "AWS::SageMaker::ModelCard").properties
    assert "KmsKeyId" in card["SecurityConfig"]


def test_jobs_reach_one_folder_of_the_lake_and_s3_alone(assembly: Assembly) -> None:
    may = _may(assembly, "SageMakerRole")
    for action in ("s3:GetObject", "s3:PutObject"):
        (resource,) = may[action]
        assert resource.endswith('"/insight/*"]]}')
    assert not [action for action in may if action.startswith(("rds", "secretsmanager", "iam", "sagemaker"))]
    firewall = _one(assembly, "AWS::EC2::SecurityGroup", "SageMakerFirewall").properties
    assert [(one["FromPort"], one["ToPort"]) for one in firewall["SecurityGroupEgress"]] == [(443, 443)]
    assert "SecurityGroupIngress" not in firewall


def test_every_job_is_encrypted_isolated_bounded_and_on_one_machine() -> None:
    jobs = [state["Arguments"] for state in STATES.values() if state.get("Resource", "").endswith("Job.sync")]
    assert len(jobs) == 4
    for job in jobs:
        said = json.dumps(job)
        assert said.count('"${Key}"') >= 2, "its disk and what it leaves"
        assert '"InstanceCount": 1' in said
    for name in ("Train", "Prepare", "Analyse"):
        said = json.dumps(STATES[name]["Arguments"])
        assert '"EnableNetworkIsolation": true' in said
        assert '"VpcConfig"' in said
        assert '"MaxRuntimeInSeconds"' in said
    assert STATES["MakeModel"]["Arguments"]["EnableNetworkIsolation"] is True
    assert STATES["Forecast"]["Arguments"]["DataCaptureConfig"]["KmsKeyId"] == "${Key}"


def test_what_the_machine_asks_of_aws_its_role_allows(assembly: Assembly) -> None:
    may = {action.replace("-", "").lower(): action for action in _may(assembly, "AnalysisRole")}
    for name, state in STATES.items():
        resource = state.get("Resource", "")
        if found := re.fullmatch(r"arn:aws:states:::(?:aws-sdk:)?(sagemaker|redshiftdata):(\w+)(?:\.sync)?", resource):
            assert ":".join(found.groups()).lower() in may, name
            if resource.endswith(".sync"):
                for verb in ("describe", "stop"):
                    assert f"sagemaker:{found[2].lower().replace('create', verb)}" in may, name
    assert {"sns:publish", "lambda:invokefunction", "iam:passrole", "events:putrule"} <= set(may)
    assert {"sagemaker:addtags", "sagemaker:listtags"} <= set(may), "as Step Functions marks what it runs"
    role = _one(assembly, "AWS::IAM::Role", "AnalysisRole").properties
    assert {"Key": "RedshiftDbRoles", "Value": "loader"} in role["Tags"]


def test_nobody_makes_a_grant_on_the_lakes_key_but_a_service_for_its_own_work(assembly: Assembly) -> None:
    for role in ("AnalysisRole", "SageMakerRole"):
        one = _one(assembly, "AWS::IAM::Role", role)
        grants = [it for it in assembly.statements(one.stack, one.id) if "kms:CreateGrant" in listed(it["Action"])]
        assert [it["Condition"] for it in grants] == [{"Bool": {"kms:GrantIsForAWSResource": "true"}}], role


def test_the_warehouse_writes_what_is_unloaded_and_nights_are_not_kept_for_ever(assembly: Assembly) -> None:
    (bucket,) = (
        one for one in assembly.resources("AWS::S3::Bucket") if one.id.startswith("Lake") and "lake" in one.stack
    )
    rules = {rule.get("Prefix", ""): rule for rule in bucket.properties["LifecycleConfiguration"]["Rules"]}
    for prefix in ("insight/run=", "insight/captured/"):
        assert rules[prefix]["ExpirationInDays"] == 60
        assert rules[prefix]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}, "else only hidden"
    of_models = [rule for prefix, rule in rules.items() if "insight/models/".startswith(prefix)]
    ends = {"ExpirationInDays", "NoncurrentVersionExpiration", "Transitions"}
    assert not any(rule.keys() & ends for rule in of_models), "models are"


# ---- the machine -------------------------------------------------------------------------------------------------


def test_it_begins_when_a_night_of_the_lake_has_ended_well(assembly: Assembly) -> None:
    rule = _one(assembly, "AWS::Events::Rule", "AfterNight").properties
    assert rule["EventPattern"]["detail"]["status"] == ["SUCCEEDED"]
    (target,) = rule["Targets"]
    assert target["DeadLetterConfig"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 3
    machine = assembly.follow("loyalty-full-insight", rule["EventPattern"]["detail"]["stateMachineArn"][0])
    assert machine.stack == "loyalty-full-lake"


def test_every_value_that_the_definition_leaves_open_is_given(assembly: Assembly) -> None:
    machine = _one(assembly, "AWS::StepFunctions::StateMachine", "Analysis").properties
    assert set(re.findall(r"\$\{(\w+)\}", insight.DEFINITION.read_text())) == set(machine["DefinitionSubstitutions"])
    assert machine["DefinitionSubstitutions"]["Name"] == "loyalty-full-demand"


def test_every_task_has_an_end_and_is_tried_again_with_jitter_and_a_limit() -> None:
    for name, state in STATES.items():
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"] > 0, name
            assert state["Retry"], name
        for retry in state.get("Retry", ()):
            assert (retry["JitterStrategy"], retry["MaxDelaySeconds"] <= 300) == ("FULL", True), name
            assert "States.TaskFailed" not in retry["ErrorEquals"], f"{name}: a job's name is used once"


def test_whatever_fails_the_half_loaded_goes_operators_are_told_and_the_execution_fails() -> None:
    for name, state in STATES.items():
        if state["Type"] == "Task" and not name.startswith(("Tell", "Stop")):
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
            assert state["Catch"][-1]["Next"] == "Stop", name
    assert [one["Next"] for one in STATES["Stop"]["Catch"]] == [STATES["Stop"]["Next"]] == ["Tell"]
    assert STATES["Tell"]["Next"] == "Stopped"
    assert STATES["Stopped"]["Type"] == "Fail"


def test_a_training_that_fails_or_is_refused_leaves_the_model_that_there_is() -> None:
    failed, _ = STATES["Train"]["Catch"]
    assert (failed["ErrorEquals"], failed["Next"]) == (["States.TaskFailed"], "TellTraining")
    assert STATES["TellTraining"]["Next"] == STATES["TellRefused"]["Next"] == "HasModel"
    (promoted,) = STATES["IsPromoted"]["Choices"]
    assert promoted["Assign"] == {"model": "{% $version %}"}
    assert STATES["IsPromoted"]["Default"] == "TellRefused"
    registered = STATES["Register"]["Arguments"]
    for good, word in ((True, "Approved"), (False, "Rejected")):
        assert value_of(registered["ModelApprovalStatus"], {"promoted": good}) == word


def test_without_a_model_nothing_is_forecast_and_the_rest_is_worked_out() -> None:
    (choice,) = STATES["HasModel"]["Choices"]
    assert value_of(choice["Condition"], {"model": ""}) is False
    assert STATES["HasModel"]["Default"] == "Analyse"
    inputs = STATES["Analyse"]["Arguments"]["ProcessingInputs"].replace("${Bucket}", "lake")
    for model, earlier, names in (
        ("", "", ["in"]),
        ("m", "", ["in", "forecast"]),
        ("m", "before", ["in", "forecast", "earlier"]),
    ):
        told = value_of(inputs, {"folder": "s3://lake/insight/run=n", "model": model, "earlier": earlier})
        assert [one["InputName"] for one in told] == names
    assert told[2]["S3Input"]["S3Uri"] == "s3://lake/insight/run=before/out/forecast/"


def test_no_statement_is_looked_at_for_ever() -> None:
    assert "${MostLooks}" in STATES["EndedUnload"]["Choices"][1]["Condition"]


# ---- alarms, settings, imports -----------------------------------------------------------------------------------


def test_an_analysis_that_stops_and_forecasts_that_drift_wake_somebody(assembly: Assembly) -> None:
    alarms = {
        one.id[:-8]: one.properties
        for one in assembly.resources("AWS::CloudWatch::Alarm")
        if one.id.startswith(("AnalysisStopped", "ForecastDrifted", "PersonalizeStopped"))
    }
    assert set(alarms) == {"AnalysisStopped", "ForecastDrifted", "PersonalizeStopped"}
    assert alarms["ForecastDrifted"]["MetricName"] == "InsightDrifted"


def test_on_the_laptop_it_is_begun_by_hand(laptop: Assembly) -> None:
    assert not [one for one in laptop.resources("AWS::Events::Rule") if one.id.startswith("AfterNight")]


@pytest.mark.parametrize(
    ("line", "key", "why"),
    [
        ('training_instance = "ml.m8g.large"', "training_instance", "pattern"),
        ('training_instance = "ml.p5.48xlarge"', "training_instance", "pattern"),
        ("retrain_days = 0", "retrain_days", "greater than or equal to 1"),
        ('image = "forecast:latest"', "image", "pattern"),
        ("enabled = false", "enabled", "taken over by it"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Any, line: str, key: str, why: str) -> None:
    path = changed(tmp_path, ("[insight.personalize]", f"[insight]\n{line}\n\n[insight.personalize]"))
    with pytest.raises(SettingsError) as refused:
        load(path)
    (said,) = [one for one in str(refused.value).splitlines() if f" insight.{key}: " in one]
    assert why in said


def _imported(path: Path) -> Iterator[str]:
    """Modules, and what is taken from them, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_function_comes_to_science_by_whatever_it_imports() -> None:
    pending = list((REPOSITORY / "lambdas").rglob("*.py"))
    seen = set(pending)
    while pending:
        path = pending.pop()
        for name in _imported(path):
            assert not name.startswith(SCIENCE), f"{path.relative_to(REPOSITORY)} imports {name}"
            place = REPOSITORY.joinpath(*name.split("."))
            for found in (place.with_suffix(".py"), place / "__init__.py"):
                if found.is_file() and found not in seen:
                    seen.add(found)
                    pending.append(found)
    assert REPOSITORY / "loyalty" / "demand" / "loading.py" in seen
