"""Handing a bundle to Amplify: the deployment ends with what visitors get, and says why if it is the old one."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas import custom_resource, publish_portal

WANTED = {"App": "d123", "Branch": "main", "Bucket": "assets", "Key": "bundle.zip", "Headers": "customHeaders:"}
IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Portal", "ResponseURL": "https://cfn.example"}


class Aws:
    """Amplify and S3. `statuses` is what a job is, one look after the other; the last stays."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.started: list[dict[str, str]] = []

    def generate_presigned_url(self, operation: str, **named: Any) -> str:
        assert (operation, named["Params"]) == ("get_object", {"Bucket": "assets", "Key": "bundle.zip"})
        return "https://assets.example/bundle.zip?signed"

    def start_deployment(self, **named: str) -> dict[str, Any]:
        self.started.append(named)
        return {"jobSummary": {"jobId": "7"}}

    def get_job(self, **named: str) -> dict[str, Any]:
        assert named == {"appId": "d123", "branchName": "main", "jobId": "7"}
        return {"job": {"summary": {"status": self.statuses.pop(0) if self.statuses[1:] else self.statuses[0]}}}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What CloudFormation hears."""
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr(custom_resource, "_send", lambda _, answer: answers.append(answer))
    monkeypatch.setattr(publish_portal, "LOOK_EVERY_SECONDS", 0.0)
    return answers


def handled(monkeypatch: pytest.MonkeyPatch, aws: Aws, kind: str) -> None:
    monkeypatch.setattr(publish_portal, "_clients", lambda: (aws, aws))
    publish_portal.handler({"RequestType": kind, "ResourceProperties": WANTED, **IDS}, None)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_it_ends_when_visitors_get_the_new_bundle(
    monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]], kind: str
) -> None:
    aws = Aws("PENDING", "RUNNING", "SUCCEED")
    handled(monkeypatch, aws, kind)
    assert aws.started == [
        {"appId": "d123", "branchName": "main", "sourceUrl": "https://assets.example/bundle.zip?signed"}
    ]
    assert [(one["Status"], one["Data"], one["PhysicalResourceId"]) for one in told] == [
        ("SUCCESS", {"Job": "7"}, "portal")
    ]


@pytest.mark.parametrize("ending", ["FAILED", "CANCELLED"])
def test_a_job_that_fails_fails_the_deployment(
    monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]], ending: str
) -> None:
    handled(monkeypatch, Aws("RUNNING", ending), "Update")
    assert told[0]["Status"] == "FAILED"
    assert f"ended as {ending}" in told[0]["Reason"]


def test_a_job_that_hangs_is_given_up_before_the_function_is(
    monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(publish_portal, "LONGEST_JOB_SECONDS", 0.0)
    handled(monkeypatch, Aws("RUNNING"), "Create")
    assert told[0]["Status"] == "FAILED"
    assert told[0]["Reason"].startswith("TimeoutError: Amplify's job 7 is RUNNING")


def test_a_deleted_portal_deploys_nothing(monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]]) -> None:
    aws = Aws("SUCCEED")
    handled(monkeypatch, aws, "Delete")
    assert (told[0]["Status"], aws.started) == ("SUCCESS", [])
