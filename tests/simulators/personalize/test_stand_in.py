"""Personalize's stand-in answers as the service does: names, states in order, limits, files that fit their schema."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulators.loopback import loopback
from tests.simulators.personalize.running import (
    BUCKET,
    RECIPES,
    ROLE,
    PersonalizeStandIn,
    history,
    schema,
)

STOCK = 'EXCLUDE ItemID WHERE Items.IN_STOCK IN ("false")'
OF = "arn:aws:personalize:us-east-1:000000000000:"
CHEAP = "INCLUDE ItemID WHERE Items.PRICE <= $MOST"


def refused(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def learned(stand_in: PersonalizeStandIn) -> dict[str, str]:
    """A dataset group with a history, and a version of each kind of solution; by the recipe's name."""
    group = stand_in.group("learned")
    assert stand_in.imported(group, "INTERACTIONS", history(), "learned-interactions")["status"] == "ACTIVE"
    items = "ITEM_ID,IN_STOCK,PRICE\n" + "".join(
        f"item-{number},{'false' if number % 10 == 0 else 'true'},{number}\n" for number in range(60)
    )
    assert stand_in.imported(group, "ITEMS", items, "learned-items")["status"] == "ACTIVE"
    made = {"group": group}
    for recipe in (
        "aws-user-personalization-v2",
        "aws-personalized-ranking-v2",
        "aws-similar-items",
        "aws-trending-now",
    ):
        solution = stand_in.solution(group, f"learned-{recipe}", recipe)
        made[recipe] = stand_in.made("solutionVersion", solutionArn=solution, trainingMode="FULL")
    return made


# ---- what is made ------------------------------------------------------------------------------------------------


def test_names_are_as_the_service_makes_them(stand_in: PersonalizeStandIn) -> None:
    group = stand_in.group("names")
    assert group == f"{OF}dataset-group/names"
    dataset = stand_in.client().describe_dataset(datasetArn=f"{OF}dataset/names/INTERACTIONS")["dataset"]
    assert dataset["status"] == "ACTIVE"
    assert dataset["datasetGroupArn"] == group


def test_the_same_name_twice_is_refused_and_so_is_what_is_above_a_limit(stand_in: PersonalizeStandIn) -> None:
    group = stand_in.group("twice")
    client = stand_in.client()
    assert refused(client.create_dataset_group, name="twice") == "ResourceAlreadyExistsException"
    stand_in.made("eventTracker", name="one", datasetGroupArn=group)
    assert refused(client.create_event_tracker, name="two", datasetGroupArn=group) == "ResourceAlreadyExistsException"
    for number in range(10):
        client.create_filter(name=f"twice-{number}", datasetGroupArn=group, filterExpression=STOCK)
    assert refused(client.create_filter, name="more", datasetGroupArn=group, filterExpression=STOCK) == (
        "LimitExceededException"
    )


def test_what_is_being_made_can_not_be_built_upon(stand_in: PersonalizeStandIn) -> None:
    stand_in.fault("CreateDatasetGroup", "slow")
    client = stand_in.client()
    group = client.create_dataset_group(name="being-made")["datasetGroupArn"]
    assert client.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"].startswith("CREATE ")
    assert refused(client.create_filter, name="early", datasetGroupArn=group, filterExpression=STOCK) == (
        "ResourceInUseException"
    )
    assert stand_in.ended("datasetGroup", group)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("CreateDatasetGroup", {}, "InvalidInputException"),
        ("CreateDatasetGroup", {"name": "a b"}, "InvalidInputException"),
        ("CreateDatasetGroup", {"name": "x" * 64}, "InvalidInputException"),
        ("CreateDatasetGroup", {"name": 7}, "InvalidInputException"),
        ("CreateDatasetGroup", {"name": "x", "colour": "red"}, "InvalidInputException"),
        ("CreateCampaign", {"name": "x", "solutionVersionArn": f"{OF}solution/x/y", "minProvisionedTPS": 0},
         "InvalidInputException"),
        ("DescribeCampaign", {"campaignArn": f"{OF}campaign/none"}, "ResourceNotFoundException"),
        ("DeleteEverything", {}, "UnknownOperationException"),
    ],
)  # fmt: skip
def test_a_request_that_the_model_of_the_service_does_not_have_is_refused(
    stand_in: PersonalizeStandIn, operation: str, given: dict[str, Any], code: str
) -> None:
    headers = {
        "x-amz-target": f"AmazonPersonalize.{operation}",
        "authorization": "AWS4-HMAC-SHA256 x",
        "content-type": "application/x-amz-json-1.1",
    }
    answer = loopback.post(stand_in.base_url, headers=headers, content=json.dumps(given))
    assert (answer.status_code, answer.json()["__type"]) == (400, code)


def test_without_a_signature_nothing_is_answered(stand_in: PersonalizeStandIn) -> None:
    answer = loopback.post(f"{stand_in.base_url}/events", content="{}")
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        json.dumps({"type": "record", "fields": []}),
        schema({"name": "USER_ID", "type": "long"}),
        schema({"name": "USER_ID", "type": "string"}, {"name": "TIER", "type": "string"}),
        schema({"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "date"}),
    ],
)
def test_a_schema_that_is_none_is_refused(stand_in: PersonalizeStandIn, text: str) -> None:
    assert refused(stand_in.client().create_schema, name="bad", schema=text) == "InvalidInputException"


def test_a_schema_that_lacks_what_its_dataset_needs_is_refused(stand_in: PersonalizeStandIn) -> None:
    group = stand_in.made("datasetGroup", name="lacking")
    known = stand_in.made("schema", name="lacking", schema=schema({"name": "USER_ID", "type": "string"}))
    create = stand_in.client().create_dataset
    given = {"name": "x", "schemaArn": known, "datasetGroupArn": group}
    assert refused(create, **given, datasetType="Interactions") == "InvalidInputException"
    assert refused(create, **given, datasetType="Users") == "InvalidInputException", "no column of metadata"
    assert refused(create, **given, datasetType="Weather") == "InvalidInputException"


def test_a_solution_that_would_train_by_itself_every_week_is_refused(stand_in: PersonalizeStandIn) -> None:
    group = stand_in.group("by-itself")
    recipe = f"{RECIPES}aws-similar-items"
    create = stand_in.client().create_solution
    assert refused(create, name="s", datasetGroupArn=group, recipeArn=recipe) == "InvalidInputException"
    assert refused(
        create, name="s", datasetGroupArn=group, recipeArn=f"{RECIPES}aws-guess", performAutoTraining=False
    ) == "InvalidInputException"  # fmt: skip


# ---- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("user_id,item_id,timestamp,event_type\n", "USER_ID"),
        ("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,NAME\n", "NAME"),
        ("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\na,b,soon,redeemed\n", "line 2"),
        ("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\na,b,-5,redeemed\n", "since 1970"),
        ("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n,b,5,redeemed\n", "USER_ID is empty"),
        ("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\na,b,5\n", "3 cells"),
        (history(users=2), "at least 1000"),
        ("", "no file"),
    ],
)
def test_a_file_that_does_not_fit_fails_its_import_with_why(stand_in: PersonalizeStandIn, text: str, why: str) -> None:
    name = f"misfit-{time.monotonic_ns()}"
    ended = stand_in.imported(_any(stand_in), "INTERACTIONS", text, name)
    assert ended["status"] == "CREATE FAILED"
    assert why in ended["failureReason"]


def test_a_full_import_replaces_what_was_imported_and_leaves_events(
    stand_in: PersonalizeStandIn, learned: dict[str, str]
) -> None:
    client, group = stand_in.client(), learned["group"]
    tracker = client.create_event_tracker(name="learned", datasetGroupArn=group)
    stand_in.ended("eventTracker", tracker["eventTrackerArn"])
    events = stand_in.client("personalize-events")
    event = {"eventId": "look-1", "eventType": "looked", "itemId": "item-2", "sentAt": 1_800_000_000}
    for _ in range(2):
        events.put_events(trackingId=tracker["trackingId"], userId="new", sessionId="s", eventList=[event])
    bad = [{**event, "itemId": "item-3", "eventId": "look-2", "properties": json.dumps({"SHOE": "9"})}]
    assert refused(events.put_events, trackingId=tracker["trackingId"], userId="new", sessionId="s", eventList=bad) == (
        "InvalidInputException"
    )
    assert refused(events.put_events, trackingId="guessed", userId="new", sessionId="s", eventList=[event]) == (
        "InvalidInputException"
    )
    assert stand_in.imported(group, "INTERACTIONS", history(), "learned-again")["status"] == "ACTIVE"
    ended = _deleted(stand_in, group, "USER_ID\nnew\nnobody\n")
    assert ended["status"] == "COMPLETED"
    assert ended["numDeleted"] == 1, "the event was there once, and stayed beside a full import"


def _deleted(stand_in: PersonalizeStandIn, group: str, text: str) -> dict[str, Any]:
    name = f"gone-{time.monotonic_ns()}"
    stand_in.objects[f"{name}/users.csv"] = text.encode()
    arn = stand_in.client().create_data_deletion_job(
        jobName=name, datasetGroupArn=group, dataSource={"dataLocation": f"s3://{BUCKET}/{name}/"}, roleArn=ROLE
    )["dataDeletionJobArn"]
    return stand_in.ended("dataDeletionJob", arn)


# ---- learning and answering --------------------------------------------------------------------------------------


def test_a_version_of_too_little_fails_with_why(stand_in: PersonalizeStandIn) -> None:
    group = _any(stand_in)
    solution = stand_in.solution(group, "little", "aws-similar-items")
    arn = stand_in.client().create_solution_version(solutionArn=solution)["solutionVersionArn"]
    ended = stand_in.ended("solutionVersion", arn)
    assert ended["status"] == "CREATE FAILED"
    assert "unique interactions" in ended["failureReason"]


def test_a_batch_answers_a_line_for_a_line_in_the_services_own_words(
    stand_in: PersonalizeStandIn, learned: dict[str, str]
) -> None:
    lines = ['{"userId":"user-2"}', '{"userId":"stranger"}']
    answers = _batch(stand_in, learned["aws-user-personalization-v2"], lines, numResults=5)
    assert [one["input"] for one in answers] == [json.loads(line) for line in lines]
    assert all(len(one["output"]["recommendedItems"]) == len(one["output"]["scores"]) == 5 for one in answers)
    assert {int(item.split("-")[1]) % 2 for item in answers[0]["output"]["recommendedItems"]} == {0}
    similar = _batch(stand_in, learned["aws-similar-items"], ['{"itemId":"item-3"}', '{"itemId":"item-999"}'])
    assert "scores" not in similar[0]["output"]
    assert similar[1]["output"] is None
    assert similar[1]["error"]


def test_a_filter_leaves_out_what_it_says(stand_in: PersonalizeStandIn, learned: dict[str, str]) -> None:
    stock = stand_in.made("filter", name="in-stock", datasetGroupArn=learned["group"], filterExpression=STOCK)
    answers = _batch(stand_in, learned["aws-user-personalization-v2"], ['{"userId":"user-2"}'], filterArn=stock)
    numbers = {int(item.split("-")[1]) for item in answers[0]["output"]["recommendedItems"]}
    assert numbers
    assert not {number for number in numbers if number % 10 == 0}
    create = stand_in.client().create_filter
    for wrong in ("Whatever I like", 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'):
        assert (
            refused(create, name="w", datasetGroupArn=learned["group"], filterExpression=wrong)
            == "InvalidInputException"
        )


def test_a_campaign_answers_when_it_is_active_and_by_its_recipe(
    stand_in: PersonalizeStandIn, learned: dict[str, str]
) -> None:
    runtime = stand_in.client("personalize-runtime")
    campaign = stand_in.made("campaign", name="for-you", solutionVersionArn=learned["aws-user-personalization-v2"])
    cheap = stand_in.made("filter", name="cheap", datasetGroupArn=learned["group"], filterExpression=CHEAP)
    told = runtime.get_recommendations(
        campaignArn=campaign, userId="user-1", numResults=9, filterArn=cheap, filterValues={"MOST": "15"}
    )
    assert told["itemList"]
    assert all(int(one["itemId"].split("-")[1]) <= 15 for one in told["itemList"])
    assert (
        refused(runtime.get_recommendations, campaignArn=campaign, userId="u", filterArn=cheap)
        == "InvalidInputException"
    )
    assert refused(runtime.get_recommendations, campaignArn=campaign) == "InvalidInputException"
    assert refused(runtime.get_recommendations, campaignArn=campaign + "x", userId="u") == "ResourceNotFoundException"
    ranking = stand_in.made("campaign", name="ranking", solutionVersionArn=learned["aws-personalized-ranking-v2"])
    ranked = runtime.get_personalized_ranking(
        campaignArn=ranking, userId="user-2", inputList=["item-1", "item-2", "item-77"]
    )["personalizedRanking"]
    assert ranked[0]["itemId"] == "item-2"
    assert {one["itemId"] for one in ranked} == {"item-1", "item-2", "item-77"}
    assert refused(runtime.get_recommendations, campaignArn=ranking, userId="u") == "InvalidInputException"


def test_trending_is_only_answered_live(stand_in: PersonalizeStandIn, learned: dict[str, str]) -> None:
    place = f"s3://{BUCKET}/in/"
    assert refused(
        stand_in.client().create_batch_inference_job,
        jobName="never",
        solutionVersionArn=learned["aws-trending-now"],
        jobInput={"s3DataSource": {"path": place}},
        jobOutput={"s3DataDestination": {"path": place}},
        roleArn=ROLE,
    ) == "InvalidInputException"  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "ThrottlingException"), ("error_500", "InternalServerException")]
)
def test_faults_are_those_of_the_service(stand_in: PersonalizeStandIn, kind: str, code: str) -> None:
    stand_in.fault("GetRecommendations", kind)
    runtime = stand_in.client("personalize-runtime")
    assert refused(runtime.get_recommendations, campaignArn="arn:aws:personalize:a:b:campaign/c", userId="u") == code
    stand_in.fault("CreateDatasetGroup", kind)
    assert refused(stand_in.client().create_dataset_group, name="faulty") == code


def test_what_is_switched_off_answers_nothing_by_any_of_its_doors(stand_in: PersonalizeStandIn) -> None:
    asked = (
        (stand_in.client().list_event_trackers, {"datasetGroupArn": f"{OF}dataset-group/none"}),
        (stand_in.client("personalize-runtime").get_recommendations, {"campaignArn": f"{OF}campaign/c"}),
    )
    stand_in.settings(off=True)
    try:
        for call, given in asked:
            with pytest.raises(ClientError) as away:
                call(**given)
            assert away.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    finally:
        stand_in.settings(off=False)
    assert stand_in.group("on-again")


def test_what_was_being_made_when_it_ended_has_failed(tmp_path: Any) -> None:
    from local.simulators.personalize.files import File
    from local.simulators.personalize.jobs import Worker

    file = File(tmp_path / "p.sqlite")
    file.run(
        "insert into resources(arn, kind, name, status, body, created_at, changed_at) values"
        " ('a', 'DatasetGroup', 'a', 'CREATE IN_PROGRESS', '{}', '2026-01-01', '2026-01-01')"
    )
    Worker(file).start()
    row = file.resource("a")
    file.close()
    assert row is not None
    assert row["status"] == "CREATE FAILED"


def _batch(stand_in: PersonalizeStandIn, version: str, lines: list[str], **more: Any) -> list[dict[str, Any]]:
    name = f"batch-{time.monotonic_ns()}"
    stand_in.objects[f"{name}/in/asked.json"] = "\n".join(lines).encode()
    arn = stand_in.client().create_batch_inference_job(
        jobName=name,
        solutionVersionArn=version,
        jobInput={"s3DataSource": {"path": f"s3://{BUCKET}/{name}/in/"}},
        jobOutput={"s3DataDestination": {"path": f"s3://{BUCKET}/{name}/out/"}},
        roleArn=ROLE,
        **more,
    )["batchInferenceJobArn"]
    ended = stand_in.ended("batchInferenceJob", arn)
    assert ended["status"] == "ACTIVE", ended
    return [json.loads(line) for line in stand_in.objects[f"{name}/out/asked.json.out"].decode().splitlines()]


def _any(stand_in: PersonalizeStandIn) -> str:
    """A dataset group whose interactions nobody imported."""
    name = "nothing-in-it"
    try:
        return str(
            stand_in.client().describe_dataset_group(datasetGroupArn=f"{OF}dataset-group/{name}")["datasetGroup"][
                "datasetGroupArn"
            ]
        )
    except ClientError:
        return stand_in.group(name)
