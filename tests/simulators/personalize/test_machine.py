"""A run of Personalize: what is told of whom, what comes back in a night's words, and what it does when that fails."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from analytics.warehouse import personalize, statements
from analytics.warehouse.engine import Warehouse
from lambdas import personalize_files
from loyalty.demand import lines
from loyalty.recommendations import batches, telling
from loyalty.recommendations.personalize import NotAnswered, Runtime
from loyalty.recommendations.telling import Happened
from stacks.constructs import personalize_names as names
from stacks.constructs.personalize_schemas import FIELDS, schema
from stacks.settings import CONFIG_FOLDER, Settings, load
from tests.simulators.personalize.machine import NOW, Failed, Machine, Store
from tests.simulators.personalize.running import BUCKET, ROLE, PersonalizeStandIn

LARGE = pytest.mark.large
KEY_OF_N = "'00000000-0000-0000-0000-' || lpad(n::varchar, 12, '0')"
KEY_OF_M = KEY_OF_N.replace("n::", "m::")
KEY = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
MEMBERS, PRODUCTS, EACH = 40, 50, 40
TABLES = (
    "create schema loyalty",
    "create table loyalty.dim_personalised (program_id integer, member_key varchar)",
    "create table loyalty.dim_viewer (program_id integer, viewer_key varchar, member_key varchar)",
    "create table loyalty.dim_member (program_id integer, member_key varchar, tier varchar, country varchar,"
    " is_current boolean)",
    "create table loyalty.dim_product (program_id integer, asin varchar, category varchar, brand varchar,"
    " price_minor bigint, available boolean, first_seen_at timestamp, checked_at timestamp)",
    "create table loyalty.fact_redemption_line (program_id integer, member_key varchar, asin varchar,"
    " redeemed_at timestamp, units_accepted integer, units_returned integer)",
    "create table loyalty.fact_catalogue_view (program_id integer, viewer_key varchar, asin varchar,"
    " seen_at timestamp)",
    "create table loyalty.fact_wish (program_id integer, member_key varchar, asin varchar, added_at timestamp)",
)
# Members 0 to 39 of programme 1, of whom 36 to 39 want no personal choices; 38 has only looked.
LIVED = (
    f"insert into loyalty.dim_member select 1, {KEY_OF_N}, 'gold', 'US', true from range({MEMBERS}) as t(n)",
    "insert into loyalty.dim_member values (2, 'other', 'gold', 'US', true)",
    f"insert into loyalty.dim_personalised select 1, {KEY_OF_N} from range({MEMBERS - 4}) as t(n)",
    "insert into loyalty.dim_personalised values (2, 'other')",
    f"insert into loyalty.dim_product select 1, 'B' || lpad(n::varchar, 9, '0'), 'home, garden',"
    f" case n when 3 then null else 'Acme' end, n * 100, n <> 4, timestamp '2026-01-01', null"
    f" from range({PRODUCTS}) as t(n)",
    "insert into loyalty.dim_product values (2, 'B999999999', 'x', 'y', 1, true, timestamp '2026-01-01', null)",
    f"insert into loyalty.fact_redemption_line select 1, {KEY_OF_M},"
    f" 'B' || lpad(((m * 3 + n) % {PRODUCTS})::varchar, 9, '0'),"
    f" timestamp '2026-03-01' + to_days(n::integer) + to_seconds(m), 1, case when n = 0 then 1 else 0 end"
    f" from range({MEMBERS - 2}) as a(m), range({EACH}) as b(n)",
    "insert into loyalty.fact_redemption_line values (2, 'other', 'B999999999', timestamp '2026-03-01', 1, 0)",
    "insert into loyalty.dim_viewer values (1, 'viewer-5', '00000000-0000-0000-0000-000000000005')",
    "insert into loyalty.fact_catalogue_view values (1, 'viewer-5', 'B000000001', timestamp '2026-04-01'),"
    " (1, 'gone', 'B000000001', timestamp '2026-04-01')",
    "insert into loyalty.fact_wish values"
    " (1, '00000000-0000-0000-0000-000000000006', 'B000000002', timestamp '2026-04-01'),"
    " (1, '00000000-0000-0000-0000-000000000037', 'B000000002', timestamp '2026-04-01')",
)


def key(number: int) -> str:
    """Of the member of this number, as the lake has keys."""
    return f"00000000-0000-0000-0000-{number:012d}"


@dataclass
class Deployed:
    """What the stack makes, made by hand."""

    stand_in: PersonalizeStandIn
    warehouse: Warehouse
    settings: Settings

    def machine(self, mode: str = "batch") -> Machine:
        section = self.settings.insight.personalize.model_copy(update={"mode": mode})
        insight = self.settings.insight.model_copy(update={"personalize": section})
        settings = self.settings.model_copy(update={"insight": insight})
        name = names.deployment_name(settings)
        arn = "arn:aws:personalize:us-east-1:000000000000"
        values = {
            **dict.fromkeys(("FilesFunction", "Workgroup", "Database", "Operators"), "x"),
            "Bucket": BUCKET,
            "Key": KEY,
            "Role": ROLE,
            "Name": name,
            "Arn": arn,
            "EventsFunction": "events",
            "DatasetGroup": f"{arn}:dataset-group/{name}",
            "PollSeconds": "1",
            "StatementPollSeconds": "1",
            "MostLooks": "4000",
            "MostStatementLooks": "5",
            "LeastTps": "1",
            "FewestInteractions": "1000",
            "FewestUsers": "25",
            "Filters": names.in_definition(names.filters(settings)),
            "Solutions": names.in_definition(names.solutions(settings)),
        }
        return Machine(self.stand_in, self.warehouse, values, personalize_files.handler)

    def results(self, output: dict[str, Any], name: str) -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for key in output[name]
            for line in gzip.decompress(self.stand_in.objects[key]).decode().splitlines()
        ]


@pytest.fixture(scope="module")
def deployed(stand_in: PersonalizeStandIn) -> Iterator[Deployed]:
    settings = load(CONFIG_FOLDER / "full.toml")
    name = names.deployment_name(settings)
    group = stand_in.made("datasetGroup", name=name)
    for kind in FIELDS:
        known = stand_in.made("schema", name=f"{name}-{kind.lower()}", schema=schema(kind))
        stand_in.made("dataset", name=kind, schemaArn=known, datasetGroupArn=group, datasetType=kind.capitalize())
    with Warehouse() as warehouse, pytest.MonkeyPatch.context() as patch:
        warehouse.run([*TABLES])
        for statement in LIVED:
            with warehouse.session(writes=True) as session:
                session._cursor.execute(statement)
        for variable, value in (("LAKE_BUCKET", BUCKET), ("LAKE_KEY_ARN", KEY), ("PROGRAM_ID", "1")):
            patch.setenv(variable, value)
        patch.setattr(personalize_files, "_s3", lambda: Store(stand_in.objects))
        yield Deployed(stand_in, warehouse, settings)


@LARGE
def test_a_run_learns_and_answers_for_everybody_who_wants_it(deployed: Deployed) -> None:
    machine = deployed.machine()
    output = machine.run("night-1")
    assert (output["status"], machine.told) == ("learned", [])
    assert output["counted"] == {"interactions": 36 * 39 + 2, "users": 36, "withdrawn": 4}
    members = deployed.results(output, "members")
    assert {one["member_key"] for one in members} == {key(number) for number in range(36)}
    for one in members:
        assert one["program_id"] == 1
        assert 1 <= len(one["asins"]) == len(one["scores"]) == len(one["because"]) <= 200
        assert "B000000004" not in one["asins"], "it cannot be had"
        assert "B999999999" not in one["asins"], "it is of another programme"
    for name in ("members", "similar"):
        for one in deployed.results(output, name):
            lines.checked(name, json.dumps(one).encode())
    current = json.loads(deployed.stand_in.objects[batches.CURRENT])
    assert current.pop("at") == NOW
    expected = {"run": "night-1", "program_id": 1, "members": output["members"], "similar": output["similar"]}
    assert current == expected
    similar = deployed.results(output, "similar")
    assert len(similar) == PRODUCTS
    for one in similar:
        assert one["asin"] not in one["others"]
        assert one["scores"] == sorted(one["scores"], reverse=True)
    assert not [call for call, _ in machine.calls if "Campaign" in call], "batches cost nothing by the hour"


@LARGE
def test_nobody_who_does_not_want_it_is_told_of_and_who_no_more_is_forgotten(deployed: Deployed) -> None:
    machine = deployed.machine()
    machine.run("night-2")
    there = "".join(
        deployed.stand_in.objects[f"insight/run=night-2/personalize/in/{name}/0000_part_00.{ending}"].decode()
        for name, ending in (("interactions", "csv"), ("users", "csv"), ("members", "json"))
    )
    for number in range(36, 40):
        assert key(number) not in there
    assert "gone" not in there
    withdrawn = deployed.stand_in.objects["insight/run=night-2/personalize/in/withdrawn/0000_part_00.csv"].decode()
    header, *rows = withdrawn.split()
    assert (header, sorted(rows)) == ("USER_ID", [key(number) for number in range(36, 40)])
    calls = [call for call, _ in machine.calls]
    assert calls.index("createDataDeletionJob") < calls.index("createDatasetImportJob"), "before anything is learned"
    assert machine.forgotten == [NOW], "erasures of before are done"


@LARGE
def test_what_is_there_already_is_not_made_again_and_a_run_is_never_half_of_another(deployed: Deployed) -> None:
    machine = deployed.machine()
    machine.run("night-3")
    calls = [call for call, _ in machine.calls]
    assert not {"createFilter", "createSolution", "createEventTracker"} & set(calls)
    assert calls.count("createSolutionVersion") == 2
    weighted = {
        one["solutionArn"].rpartition("-")[2]: one
        for one in (
            deployed.stand_in.client().describe_solution(solutionArn=arn)["solution"]
            for arn in {row["arn"] for row in deployed.stand_in.rows("resources") if row["kind"] == "Solution"}
            if "loyalty-full" in arn
        )
    }
    assert not any(one["performAutoTraining"] for one in weighted.values())
    assert weighted["you"]["solutionConfig"]["eventsConfig"]["eventParametersList"][0]["eventType"] == "redeemed"


@LARGE
def test_campaigns_are_made_once_and_then_moved_to_what_was_learned_last(deployed: Deployed) -> None:
    first = deployed.machine("campaign")
    output = first.run("live-1")
    assert [call for call, _ in first.calls].count("createCampaign") == 4
    assert (output["members"], output["similar"]) == ([], [])
    second = deployed.machine("campaign")
    output = second.run("live-2")
    calls = [call for call, _ in second.calls]
    assert (calls.count("createCampaign"), calls.count("updateCampaign")) == (0, 4)
    versions = {one["solution"]: one["version"] for one in output["versions"]}
    for name, version in versions.items():
        told = deployed.stand_in.client().describe_campaign(
            campaignArn=f"arn:aws:personalize:us-east-1:000000000000:campaign/{name}"
        )["campaign"]
        assert told["solutionVersionArn"] == version


@LARGE
def test_what_the_machine_made_is_asked_and_told_by_the_names_that_functions_are_given(deployed: Deployed) -> None:
    machine = deployed.machine("campaign")
    machine.run("asked-1")
    name, arn = machine.values["Name"], machine.values["Arn"]
    campaigns = {one.name: f"{arn}:campaign/{name}-{one.name}" for one in names.SOLUTIONS}
    in_stock = f"{arn}:filter/{names.filter_name(deployed.settings, 'in-stock')}"
    client = deployed.stand_in.client("personalize-runtime")
    runtime = Runtime(client, campaigns, in_stock)
    assert len(runtime.for_you(key(1), 5)) == 5
    assert runtime.for_you("nobody", 5), "a stranger gets what is popular"
    assert "B000000004" not in runtime.trending(100)
    assert "B000000003" not in runtime.similar("B000000003", 10)
    assert sorted(runtime.ranked(key(1), ["B000000001", "B000000002"])) == ["B000000001", "B000000002"]
    deployed.stand_in.fault("GetRecommendations", "throttle")
    with pytest.raises(NotAnswered, match="ThrottlingException"):
        runtime.for_you(key(1), 5)
    control, group = deployed.stand_in.client(), machine.values["DatasetGroup"]
    ((tracker,),) = (control.list_event_trackers(datasetGroupArn=group)["eventTrackers"],)
    told = control.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"]
    tracking_id = told["trackingId"]
    at = datetime(2026, 4, 1, tzinfo=UTC)
    happened = [Happened(key(9), f"event-{n}", "B000000001", "looked", 1, at) for n in range(11)]
    put = deployed.stand_in.client("personalize-events").put_events
    assert [telling.put_events(put, tracking_id, happened) for _ in range(2)] == [11, 11]
    live = [row for row in deployed.stand_in.rows("rows") if row["live"] and row["user"] == key(9)]
    assert len(live) == 11, "the same event is taken once"


@LARGE
def test_an_answer_that_was_lost_makes_nothing_twice(deployed: Deployed) -> None:
    deployed.stand_in.fault("CreateDatasetImportJob", "limit", 2)
    deployed.stand_in.fault("DescribeSolutionVersion", "throttle", 3)
    machine = deployed.machine()
    assert machine.run("night-4")["status"] == "learned"
    # The same run once more, as a redrive is: what was begun under its names is found, and nothing is learned twice.
    again = deployed.machine()
    with pytest.raises(Failed):
        again.run("night-4")
    jobs = [row["name"] for row in deployed.stand_in.rows("resources") if row["kind"] == "DatasetImportJob"]
    assert len([name for name in jobs if name.startswith("r-night-4")]) == 3


@LARGE
@pytest.mark.parametrize(
    ("operation", "step"),
    [
        ("CreateDataDeletionJob", "forget"),
        ("CreateDatasetImportJob", "import"),
        ("CreateSolutionVersion", "learn"),
        ("CreateBatchInferenceJob", "learn"),
    ],
)
def test_what_fails_is_told_to_operators_by_its_step_and_cause(deployed: Deployed, operation: str, step: str) -> None:
    deployed.stand_in.fault(operation, "fail")
    machine = deployed.machine()
    with pytest.raises(Failed) as failed:
        machine.run(f"bad-{operation}")
    assert failed.value.error == "Personalize.Failed"
    (message,) = machine.told
    assert f"stopped at: {step}" in message
    assert "as it was told to" in message
    assert not [
        key for key in deployed.stand_in.objects if key.startswith(f"insight/run=bad-{operation}/personalize/out/")
    ]


@LARGE
def test_a_young_programme_has_nothing_to_learn_from_and_that_is_no_failure(deployed: Deployed) -> None:
    machine = deployed.machine()
    machine.values["FewestInteractions"] = "1000000"
    output = machine.run("young")
    assert (output["status"], output["members"], machine.told) == ("too little to learn from", [], [])
    assert len(machine.forgotten) == 1, "who was erased is deleted there even so, and the receipt is written"
    assert "createDataDeletionJob" in [call for call, _ in machine.calls], "who wants it no more is forgotten even so"
    assert "createDatasetImportJob" not in [call for call, _ in machine.calls]


def test_what_is_unloaded_is_of_the_warehouse_as_it_is_and_has_the_columns_of_the_schemas() -> None:
    with Warehouse() as warehouse:
        warehouse.run(statements.bootstrap())
        for kind, fields in FIELDS.items():
            (outcome,) = warehouse.run([personalize.selects(1)[kind.lower()]])
            assert outcome.columns is not None
            assert {column.name for column in outcome.columns} == {field["name"] for field in fields}
        assert warehouse.query(personalize.counts(1)) == [(0, 0, 0)]
