"""Mail that comes in, the papers in it, and the machine that has them read: who may do what, and for how long."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loyalty.invoices import wording
from stacks import engine, invoices
from stacks.settings import SettingsError, load
from tests.faults.interpreter import Execution, TaskFailed
from tests.stacks.assembly import Assembly, Resource, listed
from tests.stacks.test_functions import NO_RESOURCE_LEVEL, runners
from tests.stacks.test_settings import changed

RULE = "arn:aws:ses:us-east-1:111111111111:receipt-rule-set/loyalty-full-invoices:receipt-rule/invoices"


def _bucket(assembly: Assembly) -> Resource:
    (bucket,) = (one for one in assembly.resources("AWS::S3::Bucket") if one.id.startswith("Files"))
    return bucket


def _may(assembly: Assembly, name: str) -> dict[str, set[str]]:
    """What a function may do beside what every one may → with what of ours."""
    (runner,) = (one for one in runners(assembly) if one.name == name)
    found: dict[str, set[str]] = {}
    for statement in assembly.statements(runner.resource.stack, runner.role_id):
        for action in listed(statement["Action"]):
            if action.split(":")[0] in ("s3", "kms", "states", "secretsmanager", "textract", "ses", "sqs", "lambda"):
                resources = (assembly.text(runner.resource.stack, one) for one in listed(statement["Resource"]))
                found.setdefault(action, set()).update(re.sub(r"[0-9A-F]{8}(?=[.>])", "", one) for one in resources)
    return found


def test_mail_is_taken_for_our_domain_only_by_tls_and_looked_through(assembly: Assembly) -> None:
    (rule,) = assembly.resources("AWS::SES::ReceiptRule")
    told = rule.properties["Rule"]
    assert told["Recipients"] == ["invoices.loyalty.example"]
    assert (told["Enabled"], told["ScanEnabled"], told["TlsPolicy"]) == (True, True, "Require")
    ((action,),) = [one.values() for one in told["Actions"]]
    assert assembly.follow(rule.stack, action["BucketName"]).id == _bucket(assembly).id
    assert action["ObjectKeyPrefix"] == "mail/"
    assert "KmsKeyArn" not in action, "SES would encrypt by itself, for a reader that Python has not"


def test_ses_puts_mail_into_our_bucket_by_our_rule_and_for_nobody_else(assembly: Assembly) -> None:
    bucket = _bucket(assembly)
    (policy,) = (
        one
        for one in assembly.resources("AWS::S3::BucketPolicy")
        if assembly.follow(one.stack, one.properties["Bucket"])[:2] == (bucket.stack, bucket.id)
    )
    encryption = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    key = assembly.at(assembly.follow(bucket.stack, encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]))
    for document in (policy.properties["PolicyDocument"], key.properties["KeyPolicy"]):
        (allowed,) = (one for one in document["Statement"] if one["Principal"] == {"Service": "ses.amazonaws.com"})
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111", "aws:SourceArn": RULE}}
        assert not {"s3:GetObject", "s3:*", "kms:*"} & set(listed(allowed["Action"]))
    (rule,) = assembly.resources("AWS::SES::ReceiptRule")
    waits = assembly.templates[rule.stack]["Resources"][rule.id]["DependsOn"]
    assert {policy.id, key.id} <= set(waits), "SES tries at once whether it may write"


def test_mails_and_readings_go_after_a_month_and_papers_stay_ten_years(assembly: Assembly) -> None:
    bucket = _bucket(assembly)
    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in bucket.properties["LifecycleConfiguration"]["Rules"]}
    assert kept == {"mail/": 30, "readings/": 30, "documents/": 3650}
    assert bucket.properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_a_mail_wakes_the_intake_by_a_queue_and_two_at_most_are_looked_at_at_once(assembly: Assembly) -> None:
    bucket = _bucket(assembly)
    (rule,) = (
        one
        for one in assembly.resources("AWS::Events::Rule")
        if one.stack == bucket.stack and "EventPattern" in one.properties
    )
    detail = rule.properties["EventPattern"]["detail"]
    assert assembly.follow(rule.stack, detail["bucket"]["name"][0]).id == bucket.id
    assert detail["object"] == {"key": [{"prefix": "mail/"}]}
    (target,) = rule.properties["Targets"]
    queue = assembly.follow(rule.stack, target["Arn"])[:2]
    (mapping,) = (
        one
        for one in assembly.resources("AWS::Lambda::EventSourceMapping")
        if assembly.follow(one.stack, one.properties["EventSourceArn"])[:2] == queue
    )
    assert mapping.properties["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping.properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    function = assembly.at(assembly.follow(mapping.stack, mapping.properties["FunctionName"]))
    visible = assembly.templates[rule.stack]["Resources"][queue[1]]["Properties"]["VisibilityTimeout"]
    assert visible > function.properties["Timeout"]


def test_each_function_reaches_its_own_folders_and_no_other(assembly: Assembly) -> None:
    folders = {
        name: {
            (action.removeprefix("s3:"), resource.rpartition(">/")[2])
            for action, resources in _may(assembly, name).items()
            if action.startswith("s3:") and action != "s3:ListBucket"
            for resource in resources
        }
        for name in ("invoice_intake", "invoice_reading", "invoice_matching", "invoice_watch", "invoice_desk")
    }
    assert folders == {
        "invoice_intake": {("GetObject", "mail/*"), ("GetObjectVersion", "mail/*"), ("PutObject", "documents/*")},
        "invoice_reading": {("GetObject", "documents/*"), ("PutObject", "readings/*")},
        "invoice_matching": {("GetObject", "readings/*")},
        "invoice_watch": {("PutObject", "documents/*")},
        "invoice_desk": {("GetObject", "documents/*")},
    }


def test_only_the_reader_asks_textract_and_only_the_gateway_holds_the_key_of_the_erp(assembly: Assembly) -> None:
    ours = {"invoice_intake", "invoice_reading", "invoice_matching", "invoice_watch", "erp_gateway", "receipt_rules"}
    may = {name: _may(assembly, name) for name in ours}
    assert {name for name in ours if any(one.startswith("textract:") for one in may[name])} == {"invoice_reading"}
    outside = "arn:aws:secretsmanager:us-east-1:111111111111:secret:loyalty/full/outside/*"
    assert {name for name in ours if outside in may[name].get("secretsmanager:GetSecretValue", ())} == {"erp_gateway"}
    assert not any(one.startswith(("s3:", "states:")) for one in may["erp_gateway"])
    assert {name for name in ours if "states:StartExecution" in may[name]} == {"invoice_intake", "invoice_watch"}
    assert {one for one in may["receipt_rules"] if not NO_RESOURCE_LEVEL.match(one)} == set()


def test_no_stand_in_is_reached_from_a_durable_deployment(assembly: Assembly, tmp_path: Path) -> None:
    assert not any("OUTSIDE_HOSTS" in runner.environment for runner in runners(assembly))
    hosts = '[integrations]\noutside_hosts = { "erp.loyalty.example" = "http://127.0.0.1:4650" }'
    with pytest.raises(SettingsError, match=r"integrations\.outside_hosts: a durable deployment reaches everybody"):
        load(changed(tmp_path, ("[integrations]", hosts)))


def test_on_the_laptop_whoever_calls_outside_hosts_knows_the_stand_ins(laptop: Assembly) -> None:
    for runner in runners(laptop):
        assert ("OUTSIDE_PARTIES" in runner.environment) == ("OUTSIDE_HOSTS" in runner.environment), runner.name


def test_where_invoices_are_mailed_to_has_to_be_said_and_is_no_address_of_ours(tmp_path: Path) -> None:
    refused = changed(tmp_path, ('domain = "invoices.loyalty.example"', 'domain = ""'))
    with pytest.raises(SettingsError, match=r"invoices\.domain: where invoices are mailed to; or enabled = false"):
        load(refused)
    same = changed(tmp_path, ('domain = "invoices.loyalty.example"', 'domain = "loyalty.example"'))
    with pytest.raises(SettingsError, match=r"invoices\.domain: is that of messaging\.mail_from"):
        load(same)
    idle = changed(tmp_path, ("[invoices]", "[invoices]\nwatch_minutes = 0\ngateway_minutes = 0"))
    with pytest.raises(SettingsError, match=r"(?s)watch_minutes: without it .*gateway_minutes: without it"):
        load(idle)
    assert not load(changed(tmp_path, ("[invoices]", "[invoices]\nenabled = false"))).invoices.enabled


class Desk:
    """One execution of the Invoice Desk on a clock of its own."""

    def __init__(self, reading: list[Any], matching: list[Any] | None = None) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.asked: list[dict[str, Any]] = []
        self.answers = {"${ReadingFunction}": reading, "${MatchingFunction}": matching or [{"state": "approved"}]}
        self.execution = Execution(
            json.loads(invoices.DEFINITION.read_text()),
            {name: lambda payload, name=name: self._answer(name, payload) for name in self.answers},
            lambda _queue, _body: None,
            lambda: self.now,
            {"program_id": 1, "document_id": "d"},
            "d",
            Random(0),
        )

    def _answer(self, name: str, payload: dict[str, Any]) -> Any:
        """The next answer; the last one for ever."""
        self.asked.append(payload)
        left = self.answers[name]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, str):
            raise TaskFailed(answer)
        return answer

    def run(self) -> Desk:
        self.execution.run()
        while due := self.execution.due():
            self.now = due
            self.execution.run()
        assert self.execution.failed is None
        return self

    @property
    def did(self) -> list[str]:
        return [payload["do"] for payload in self.asked]

    @property
    def minutes(self) -> float:
        return (self.now - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() / 60


BEGUN, WORKING, READ = {"job_id": "j"}, {"status": "IN_PROGRESS"}, {"status": "READ"}


def test_a_paper_is_read_waited_for_and_judged() -> None:
    desk = Desk([BEGUN, WORKING, READ]).run()
    assert desk.did == ["start", "collect", "collect", "judge"]
    assert [payload.get("job_id") for payload in desk.asked] == [None, "j", "j", None]
    assert desk.execution.output == {"state": "approved"}


def test_textracts_turn_is_waited_for_as_long_as_an_hour() -> None:
    assert Desk([*["Throttled"] * 100, BEGUN, READ]).run().did[-1] == "judge"


@pytest.mark.parametrize(
    ("reading", "matching", "reason"),
    [
        (["Refused"], [{"state": "review"}], "not_begun"),
        ([BEGUN, "Lost"], [{"state": "review"}], "not_collected"),
        ([BEGUN, {"status": "FAILED"}], [{"state": "review"}], "unreadable"),
        ([BEGUN, WORKING], [{"state": "review"}], "too_slow"),
        ([BEGUN, READ], ["Broken", {"state": "review"}], "not_judged"),
    ],
)
def test_whatever_goes_wrong_a_person_gets_it_with_a_reason(
    reading: list[Any], matching: list[Any], reason: str
) -> None:
    desk = Desk(reading, matching).run()
    assert (desk.did[-1], desk.asked[-1]["reason"]) == ("give_up", reason)
    assert desk.execution.output == {"state": "review"}


def test_every_reason_of_the_machine_has_words_for_the_person_who_gets_it() -> None:
    reasons = set(re.findall(r'"reason": "([a-z_]+)"', invoices.DEFINITION.read_text()))
    assert reasons
    assert not reasons - set(wording.REASONS)


def test_a_job_that_never_ends_is_given_up_after_a_quarter_of_an_hour() -> None:
    desk = Desk([BEGUN, WORKING], [{"state": "review"}]).run()
    assert 10 <= desk.minutes <= 20


@pytest.mark.parametrize("machine", [engine.DEFINITION, invoices.DEFINITION], ids=lambda path: path.stem)
def test_every_task_is_tried_again_with_jitter_and_a_limit(machine: Path) -> None:
    for name, state in json.loads(machine.read_text())["States"].items():
        for retry in state.get("Retry", ()):
            assert (retry["JitterStrategy"], retry["MaxDelaySeconds"] <= 300) == ("FULL", True), name
        assert state["Type"] != "Task" or state["Retry"], name
