"""Rules for mail: ours become the active ones, and when they go what was active before is active again."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas import custom_resource, receipt_rules

IDS = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Active", "ResponseURL": "https://cfn.example"}


class Ses:
    """`known`: the account's rule sets; `active`: one of them, or none."""

    class exceptions:  # noqa: N801 - boto3's name
        class RuleSetDoesNotExistException(Exception): ...

    def __init__(self, active: str = "", known: tuple[str, ...] = ("ours", "theirs", "next")) -> None:
        self.active, self.known = active, known

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Metadata": {"Name": self.active}} if self.active else {}

    def set_active_receipt_rule_set(self, RuleSetName: str = "") -> None:  # noqa: N803 - boto3's name
        if RuleSetName and RuleSetName not in self.known:
            raise self.exceptions.RuleSetDoesNotExistException
        self.active = RuleSetName


class Account:
    """An account's SES, and the resource as CloudFormation knows it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, active: str = "") -> None:
        self.ses = Ses(active)
        self.id: str | None = None
        monkeypatch.setattr(receipt_rules, "_ses", lambda: self.ses)
        monkeypatch.setattr(custom_resource, "_send", lambda _, answer: None)

    def tell(self, kind: str, rule_set: str = "ours", of: str | None = None) -> dict[str, Any]:
        """As CloudFormation: where an update answers another physical id, the one before is deleted."""
        known = of or self.id
        event = {"RequestType": kind, "ResourceProperties": {"RuleSet": rule_set}, **IDS}
        answer = receipt_rules.handler(event | ({"PhysicalResourceId": known} if known else {}), None)
        if kind != "Delete" and answer["Status"] == "SUCCESS":
            before, self.id = self.id, answer["PhysicalResourceId"]
            if before and before != self.id:
                self.tell("Delete", of=before)
        return answer


@pytest.mark.parametrize("before", ["", "theirs"])
def test_what_was_active_before_is_active_again(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    account = Account(monkeypatch, before)
    assert account.tell("Create")["Status"] == "SUCCESS"
    assert account.ses.active == "ours"
    account.tell("Update")
    assert account.ses.active == "ours"
    account.tell("Delete")
    assert account.ses.active == before


def test_a_rule_set_under_another_name_takes_the_place_of_ours_and_gives_back_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch, "theirs")
    account.tell("Create")
    account.tell("Update", "next")
    assert account.ses.active == "next"
    account.tell("Delete")
    assert account.ses.active == "theirs"


def test_what_somebody_else_has_made_active_since_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    account.tell("Create")
    account.ses.active = "theirs"
    account.tell("Delete")
    assert account.ses.active == "theirs"


def test_the_next_deployment_makes_ours_active_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch)
    account.tell("Create")
    account.ses.active = "theirs"
    account.tell("Update")
    assert account.ses.active == "ours"


def test_what_was_active_before_and_is_gone_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, "theirs")
    account.tell("Create")
    account.ses.known = ("ours",)
    assert account.tell("Delete")["Status"] == "SUCCESS"
    assert account.ses.active == ""


def test_a_creation_that_failed_leaves_nothing_to_take_back(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, "theirs")
    failed = account.tell("Create", "unknown")
    assert failed["Status"] == "FAILED"
    account.tell("Delete", of=failed["PhysicalResourceId"])
    assert account.ses.active == "theirs"


def test_where_nobody_heard_what_was_made_ours_is_not_active_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, "theirs")
    account.tell("Create")
    assert account.tell("Delete", of="stack-Active-ABC123")["Status"] == "SUCCESS"
    assert account.ses.active == ""
    account.ses.active = "theirs"
    account.tell("Delete", of="stack-Active-ABC123")
    assert account.ses.active == "theirs"
