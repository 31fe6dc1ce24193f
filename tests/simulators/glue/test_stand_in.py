"""Glue's stand-in answers as Glue does: one run at a time, states in order, and what the export itself has to say."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import TestDatabase
from tests.simulators.glue.running import JOB, SECRET, GlueStandIn
from tests.simulators.loopback import loopback


@pytest.fixture(autouse=True)
def _free(stand_in: GlueStandIn) -> None:
    """No run of another test is under way."""
    for _ in range(400):
        if all(run["ended_at"] for run in stand_in.rows("runs")):
            return
        time.sleep(0.05)
    raise AssertionError("a run does not end")


def _refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_run_exports_the_database_with_the_arguments_of_the_deployed_job(stand_in: GlueStandIn, lake: Path) -> None:
    run_id = stand_in.started()
    run = stand_in.ended(run_id)
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert run["Arguments"] == {"--lake": str(lake), "--secret": SECRET, "--enable-metrics": "true"}
    assert run["CompletedOn"] >= run["StartedOn"]
    assert json.loads((lake / "state" / "tier.json").read_text())["batches"]
    (row,) = (one for one in stand_in.rows("runs") if one["run_id"] == run_id)
    assert {table["status"] for table in json.loads(row["told"])} <= {"exported", "unchanged"}


def test_a_refused_table_fails_no_run_and_stands_beside_the_states(
    stand_in: GlueStandIn, lake: Path, database: TestDatabase
) -> None:
    with database.owner() as owner:
        owner.execute("revoke select on lake.tier from lake_reader")
        try:
            run_id = stand_in.started()
            assert stand_in.ended(run_id)["JobRunState"] == "SUCCEEDED"
        finally:
            owner.execute("grant select on lake.tier to lake_reader")
    (row,) = (one for one in stand_in.rows("runs") if one["run_id"] == run_id)
    assert [one["table"] for one in json.loads(row["told"]) if one["status"] == "refused"] == ["tier"]
    assert json.loads((lake / "state" / "refused" / "tier.json").read_text())["problems"]


def test_a_second_run_beside_the_first_is_refused(stand_in: GlueStandIn) -> None:
    stand_in.fault("StartJobRun", "slow")
    run_id = stand_in.started()
    with pytest.raises(ClientError) as error:
        stand_in.started()
    assert _refused(error) == "ConcurrentRunsExceededException"
    stand_in.client().batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])


def test_a_run_is_stopped_when_somebody_asks_and_one_that_is_over_is_not(stand_in: GlueStandIn) -> None:
    stand_in.fault("StartJobRun", "slow")
    run_id = stand_in.started()
    said = stand_in.client().batch_stop_job_run(JobName=JOB, JobRunIds=[run_id, "jr_unknown"])
    assert [one["JobRunId"] for one in said["SuccessfulSubmissions"]] == [run_id]
    assert said["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert stand_in.ended(run_id)["JobRunState"] == "STOPPED"
    again = stand_in.client().batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])
    assert again["SuccessfulSubmissions"] == []


@pytest.mark.parametrize(("kind", "state"), [("fail_run", "FAILED"), ("kill_run", "FAILED"), ("time_out", "TIMEOUT")])
def test_a_run_that_goes_wrong_says_how_it_ended(stand_in: GlueStandIn, kind: str, state: str) -> None:
    stand_in.fault("StartJobRun", kind)
    run = stand_in.ended(stand_in.started())
    assert run["JobRunState"] == state
    assert bool(run.get("ErrorMessage")) == (state == "FAILED")


def test_a_database_that_is_away_fails_the_run_and_no_password_is_told(
    stand_in: GlueStandIn, secret: dict[str, Any]
) -> None:
    port, secret["port"], secret["password"] = secret["port"], 1, "very-secret-password"
    try:
        run = stand_in.ended(stand_in.started())
    finally:
        secret["port"] = port
    assert run["JobRunState"] == "FAILED"
    assert "Unreachable" in run["ErrorMessage"]
    assert "very-secret" not in json.dumps(run, default=str)


def test_without_an_argument_that_it_needs_a_run_fails_and_says_which(stand_in: GlueStandIn) -> None:
    run = stand_in.ended(stand_in.started(Arguments={"--lake": ""}))
    assert run["JobRunState"] == "FAILED"
    assert "--lake" in run["ErrorMessage"]


def test_runs_are_listed_newest_first_and_page_by_page(stand_in: GlueStandIn) -> None:
    client = stand_in.client()
    for _ in range(3):
        stand_in.fault("StartJobRun", "fail_run")
        stand_in.ended(stand_in.started())
    seen: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = client.get_job_runs(JobName=JOB, MaxResults=2, **more)
        seen += [run["Id"] for run in page["JobRuns"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert len(seen) == len(set(seen)) >= 3
    assert seen == [run["run_id"] for run in stand_in.rows("runs")]


def test_what_it_does_not_know_is_refused_by_name(stand_in: GlueStandIn) -> None:
    client = stand_in.client()
    for ask, code in (
        (lambda: client.start_job_run(JobName="another"), "EntityNotFoundException"),
        (lambda: client.get_job_run(JobName=JOB, RunId="jr_another"), "EntityNotFoundException"),
        (lambda: client.start_job_run(JobName=JOB, MaxCapacity=10), "InvalidInputException"),
        (lambda: client.get_jobs(), "UnknownOperationException"),
    ):
        with pytest.raises(ClientError) as error:
            ask()
        assert _refused(error) == code
    unsigned = loopback.post(stand_in.base_url, json={"JobName": JOB}, headers={"x-amz-target": "AWSGlue.GetJobRuns"})
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("limit", "ResourceNumberLimitExceededException"),
        ("access_denied", "AccessDeniedException"),
        ("error_500", "InternalServiceException"),
    ],
)
def test_it_refuses_as_it_is_told_and_only_as_often(stand_in: GlueStandIn, kind: str, code: str) -> None:
    stand_in.fault("GetJobRuns", kind)
    with pytest.raises(ClientError) as error:
        stand_in.client().get_job_runs(JobName=JOB)
    assert _refused(error) == code
    assert stand_in.client().get_job_runs(JobName=JOB)["JobRuns"]


def test_an_answer_that_is_lost_leaves_a_run_behind(stand_in: GlueStandIn) -> None:
    before = len(stand_in.rows("runs"))
    stand_in.settings(hold_seconds=0.1)
    stand_in.fault("StartJobRun", "timeout_after_commit")
    with pytest.raises(Exception, match=r"(?i)closed|read|connection"):
        stand_in.started()
    assert len(stand_in.rows("runs")) == before + 1
