"""The Data API as boto3 speaks it: statements run in their own time, batches whole or not at all."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from analytics.warehouse import statements
from tests.simulators.redshift.running import WHERE, RedshiftStandIn, redshift_stand_in


def refused(call: Any, **given: Any) -> tuple[str, str]:
    """The error's name and words."""
    with pytest.raises(ClientError) as raised:
        call(**given)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_query_answers_in_the_services_shapes(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    begun = client.execute_statement(
        Sql="SELECT 7 AS n, CAST(7 AS BIGINT) * 1 AS b, 'x' AS t, TRUE AS y, NULL AS nothing,"
        " CAST(1.5 AS DOUBLE PRECISION) AS d, CAST(2.50 AS DECIMAL(18, 2)) AS m, DATE '2026-01-02' AS day,"
        " CAST('2026-01-02 03:04:05' AS TIMESTAMP) AS at, SUM(CAST(3 AS BIGINT)) AS total",
        StatementName="shapes",
        **WHERE,
    )
    assert begun["WorkgroupName"] == "loyalty"
    assert begun["Database"] == "loyalty"
    told = stand_in.over(begun["Id"])
    assert (told["Status"], told["HasResultSet"], told["ResultRows"]) == ("FINISHED", True, 1)
    answer = client.get_statement_result(Id=begun["Id"])
    assert answer["TotalNumRows"] == 1
    assert answer["Records"] == [
        [
            {"longValue": 7}, {"longValue": 7}, {"stringValue": "x"}, {"booleanValue": True}, {"isNull": True},
            {"doubleValue": 1.5}, {"stringValue": "2.50"}, {"stringValue": "2026-01-02"},
            {"stringValue": "2026-01-02 03:04:05"}, {"stringValue": "3"},
        ]
    ]  # fmt: skip
    assert [column["typeName"] for column in answer["ColumnMetadata"]] == [
        "int4", "int8", "varchar", "bool", "int4", "float8", "numeric", "date", "timestamp", "numeric",
    ]  # fmt: skip


def test_parameters_are_texts_and_take_the_type_of_where_they_stand(stand_in: RedshiftStandIn) -> None:
    found = stand_in.asked(
        "SELECT COUNT(*) FROM loyalty.dim_date WHERE day >= :first AND day < CAST(:last AS DATE) AND iso_week = :week",
        ("first", "2026-01-01"), ("last", "2027-01-01"), ("week", "7"),
    )  # fmt: skip
    assert found == [[7]]
    assert stand_in.asked("SELECT :said AS said", ("said", "it's ':x'; --")) == [["it's ':x'; --"]]


def test_a_parameter_that_is_not_used_missing_or_empty_is_refused(stand_in: RedshiftStandIn) -> None:
    call = stand_in.client().execute_statement
    parameter = {"name": "a", "value": "1"}
    assert refused(call, Sql="SELECT 1", Parameters=[parameter], **WHERE) == (
        "ValidationException",
        "the parameter a is not used",
    )
    assert refused(call, Sql="SELECT :b", **WHERE)[1] == "the parameter b has no value"
    with pytest.raises(ParamValidationError):
        call(Sql="SELECT :a", Parameters=[{"name": "a", "value": ""}], **WHERE)


def test_results_come_in_pages(stand_in: RedshiftStandIn) -> None:
    stand_in.settings(page_rows=40)
    assert len(stand_in.asked("SELECT day FROM loyalty.dim_date WHERE year = 2026 ORDER BY day")) == 365
    stand_in.settings(page_rows=1000)


def test_a_load_comes_from_s3_and_once(stand_in: RedshiftStandIn) -> None:
    url = stand_in.put("accrual", [{"op_id": "a", "points": 10}, {"op_id": "b", "points": 5}], 1)
    told = stand_in.ran(*statements.load("accrual", url, 1), StatementName="accrual/1")
    assert told["Status"] == "FINISHED", told
    parts = told["SubStatements"]
    assert [part["Id"] for part in parts] == [f"{told['Id']}:{number}" for number in range(1, len(parts) + 1)]
    assert [part["ResultRows"] for part in parts if part["QueryString"].startswith("COPY")] == [2]
    assert {part["Status"] for part in parts} == {"FINISHED"}
    assert stand_in.ran(*statements.load("accrual", url, 1))["Status"] == "FINISHED"
    assert stand_in.asked("SELECT SUM(points), COUNT(*) FROM loyalty.fact_accrual") == [["15", 2]]


def test_a_column_of_the_wrong_type_is_refused_and_named(stand_in: RedshiftStandIn) -> None:
    url = stand_in.put("money", [{"amount_minor": "12"}], 1, {"amount_minor": "VARCHAR"})
    told = stand_in.ran(*statements.load("money", url, 1))
    assert told["Status"] == "FAILED"
    assert "money.amount_minor" in told["Error"]
    assert "BIGINT" in told["Error"]
    failed = [part for part in told["SubStatements"] if part["Status"] == "FAILED"]
    assert [part["QueryString"][:4] for part in failed] == ["COPY"]
    assert stand_in.asked("SELECT COUNT(*) FROM loyalty.load_log WHERE table_name = 'money'") == [[0]]


def test_an_object_that_is_not_there_or_half_there_loads_nothing(stand_in: RedshiftStandIn) -> None:
    url = stand_in.put("invoice", [{}], 1)
    part = "bronze/invoice/batch%3D1/part-00000.parquet"
    whole = stand_in.objects.pop(part)
    assert "does not exist" in stand_in.ran(*statements.load("invoice", url, 1))["Error"]
    stand_in.objects[part] = whole[:-5]
    assert "the manifest promises" in stand_in.ran(*statements.load("invoice", url, 1))["Error"]
    assert stand_in.asked("SELECT COUNT(*) FROM base.invoice") == [[0]]


def test_one_transaction_or_each_its_own(stand_in: RedshiftStandIn) -> None:
    insert = "INSERT INTO base.touched_invoice (program_id, invoice_id) VALUES ({}, 'x')"
    told = stand_in.ran(insert.format(1), "SELECT 1 / nothing FROM loyalty.nowhere", insert.format(2))
    assert told["Status"] == "FAILED"
    assert [part["Status"] for part in told["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert stand_in.asked("SELECT COUNT(*) FROM base.touched_invoice") == [[0]]
    told = stand_in.ran(
        insert.format(1), "SELECT 1 FROM loyalty.nowhere", insert.format(2), ExecutionMode="AUTO_COMMIT"
    )
    assert [part["Status"] for part in told["SubStatements"]] == ["FINISHED", "FAILED", "FINISHED"]
    assert stand_in.asked("SELECT COUNT(*) FROM base.touched_invoice") == [[2]]


def test_a_token_stands_for_one_statement(stand_in: RedshiftStandIn) -> None:
    client, token = stand_in.client(), str(uuid.uuid4())
    insert = "INSERT INTO base.touched_member (program_id, member_key) VALUES (1, 'x')"
    first = client.batch_execute_statement(Sqls=[insert], ClientToken=token, **WHERE)["Id"]
    assert client.batch_execute_statement(Sqls=[insert], ClientToken=token, **WHERE)["Id"] == first
    stand_in.over(first)
    assert client.batch_execute_statement(Sqls=[insert], ClientToken=token, **WHERE)["Id"] == first
    assert stand_in.asked("SELECT COUNT(*) FROM base.touched_member") == [[1]]
    code, _ = refused(client.batch_execute_statement, Sqls=["SELECT 1"], ClientToken=token, **WHERE)
    assert code == "ValidationException"


def test_an_answer_that_got_lost_is_found_again_by_its_token(stand_in: RedshiftStandIn) -> None:
    client, token = stand_in.client(), str(uuid.uuid4())
    stand_in.settings(hold_seconds=1)
    stand_in.fault("ExecuteStatement", "timeout_after_commit")
    with pytest.raises(Exception, match=r"(?i)connection|timeout|closed") as lost:
        client.execute_statement(Sql="SELECT 1", ClientToken=token, **WHERE)
    assert not isinstance(lost.value, ClientError) or isinstance(lost.value, ReadTimeoutError)
    again = client.execute_statement(Sql="SELECT 1", ClientToken=token, **WHERE)["Id"]
    assert [row["id"] for row in stand_in.rows("statements") if row["token"] == token] == [again]
    stand_in.settings(hold_seconds=60)


def test_what_is_switched_off_answers_nothing_until_it_is_on_again(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    stand_in.settings(off=True)
    try:
        with pytest.raises(ClientError) as away:
            client.execute_statement(Sql="SELECT 1", **WHERE)
    finally:
        stand_in.settings(off=False)
    assert away.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert stand_in.asked("SELECT 1 AS n") == [[1]]


def test_a_statement_stands_in_the_queue_then_runs_then_is_over(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    stand_in.fault("ExecuteStatement", "slow")
    stand_in.settings(slow_seconds=0.4)
    begun = client.execute_statement(Sql="SELECT 1", **WHERE)["Id"]
    seen = {client.describe_statement(Id=begun)["Status"] for _ in range(3)}
    assert seen <= {"SUBMITTED", "PICKED", "STARTED"}
    assert refused(client.get_statement_result, Id=begun)[0] == "ResourceNotFoundException"
    assert stand_in.over(begun)["Status"] == "FINISHED"
    stand_in.settings(slow_seconds=30)


def test_what_runs_can_be_cancelled_and_leaves_nothing(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    stand_in.fault("ExecuteStatement", "slow")
    insert = "INSERT INTO base.touched_redemption (program_id, redemption_id) VALUES (1, 'x')"
    begun = client.execute_statement(Sql=insert, **WHERE)["Id"]
    time.sleep(0.1)
    assert client.cancel_statement(Id=begun)["Status"] is True
    told = stand_in.over(begun)
    assert (told["Status"], told["Error"]) == ("ABORTED", "Query cancelled on user's request")
    assert stand_in.asked("SELECT COUNT(*) FROM base.touched_redemption") == [[0]]
    assert "already in ABORTED state" in refused(client.cancel_statement, Id=begun)[1]


@pytest.mark.parametrize(("kind", "status"), [("fail", "FAILED"), ("abort", "ABORTED")])
def test_faults_in_the_midst_undo_what_ran_before(stand_in: RedshiftStandIn, kind: str, status: str) -> None:
    url = stand_in.put("tier", [{"tier": kind}], 1)
    stand_in.fault("BatchExecuteStatement", kind, "Out of Memory")
    told = stand_in.ran(*statements.load("tier", url, 1))
    assert told["Status"] == status
    assert kind == "abort" or "Out of Memory" in told["Error"]
    assert stand_in.asked("SELECT COUNT(*) FROM loyalty.dim_tier") == [[0]]


def test_refusals_have_the_services_names(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    for kind, code in (
        ("throttle", "ThrottlingException"),
        ("access_denied", "AccessDeniedException"),
        ("limit", "ActiveStatementsExceededException"),
        ("error_500", "InternalServerException"),
    ):
        stand_in.fault("ExecuteStatement", kind)
        assert refused(client.execute_statement, Sql="SELECT 1", **WHERE)[0] == code
    nobody = str(uuid.uuid4())
    assert refused(client.describe_statement, Id=nobody) == ("ResourceNotFoundException", "Query does not exist.")
    done = stand_in.ran("SELECT 1", "SELECT 2")["Id"]
    assert client.get_statement_result(Id=f"{done}:2")["Records"] == [[{"longValue": 2}]]
    assert refused(client.get_statement_result, Id=done)[0] == "ValidationException"
    assert refused(client.get_statement_result, Id=f"{done}:3")[0] == "ResourceNotFoundException"


def test_what_is_too_much_or_not_offered_is_refused(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    long = f"SELECT '{'x' * 100_000}'"
    assert "100 kB" in refused(client.execute_statement, Sql=long, **WHERE)[1]
    assert refused(client.batch_execute_statement, Sqls=["SELECT 1"] * 41, **WHERE)[0] == "ValidationException"
    assert "WorkgroupName" in refused(client.execute_statement, Sql="SELECT 1", Database="loyalty")[1]
    assert "CSV" in refused(client.execute_statement, Sql="SELECT 1", ResultFormat="CSV", **WHERE)[1]
    assert "WithEvent" in refused(client.execute_statement, Sql="SELECT 1", WithEvent=True, **WHERE)[1]
    assert "V2" in refused(client.get_statement_result_v2, Id=str(uuid.uuid4()))[1]
    assert refused(client.list_sessions)[0] == "UnknownOperationException"
    told = stand_in.over(client.execute_statement(Sql="SELECT 1; SELECT 2", **WHERE)["Id"])
    assert told["Status"] == "FAILED"
    assert "one statement" in told["Error"]


def test_statements_are_listed_by_state_and_by_the_beginning_of_their_name(stand_in: RedshiftStandIn) -> None:
    client = stand_in.client()
    for number in range(3):
        stand_in.over(client.execute_statement(Sql="SELECT 1", StatementName=f"listed-{number}", **WHERE)["Id"])
    stand_in.over(client.execute_statement(Sql="SELECT nothing", StatementName="listed-failed", **WHERE)["Id"])
    first = client.list_statements(StatementName="listed-", MaxResults=2)
    rest = client.list_statements(StatementName="listed-", MaxResults=2, NextToken=first["NextToken"])
    names = [row["StatementName"] for row in first["Statements"] + rest["Statements"]]
    assert names == ["listed-2", "listed-1", "listed-0"]
    assert "NextToken" not in rest
    assert [
        row["StatementName"] for row in client.list_statements(Status="FAILED", StatementName="listed")["Statements"]
    ] == ["listed-failed"]


def test_after_a_day_a_statement_is_not_known_any_more(
    stand_in: RedshiftStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = stand_in.ran("SELECT 1")["Id"]
    turned = tmp_path / "clock.json"
    turned.write_text('{"shift_seconds": 86460}')
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(turned))
    assert refused(stand_in.client().describe_statement, Id=done)[0] == "ResourceNotFoundException"


def test_data_and_statements_outlive_a_stop(tmp_path: Path) -> None:
    with redshift_stand_in(tmp_path, {}) as first:
        first.ran("CREATE SCHEMA IF NOT EXISTS loyalty", "CREATE TABLE loyalty.x (a INTEGER)")
        first.ran("INSERT INTO loyalty.x (a) VALUES (3)")
        first.fault("BatchExecuteStatement", "slow")
        waiting = first.client().batch_execute_statement(Sqls=["INSERT INTO loyalty.x (a) VALUES (4)"], **WHERE)["Id"]
    with redshift_stand_in(tmp_path, {}) as second:
        second.settings(slow_seconds=0)
        assert second.client().describe_statement(Id=waiting)["Status"] in ("SUBMITTED", "PICKED", "STARTED")
        second.client().cancel_statement(Id=waiting)
        assert second.over(waiting)["Status"] == "ABORTED"
        assert second.asked("SELECT a FROM loyalty.x") == [[3]]
