"""What is made takes its time: each in a thread, from pending to its end; what takes files takes them here."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.simulators.aws_json.clients import client
from local.simulators.personalize import filters, learning, schemas
from local.simulators.personalize.files import File
from local.simulators.personalize.kinds import BY_WORD

ENDED_WITH_US = "The stand-in was ended while this was being made."
MOST_RESULTS, USUAL_RESULTS = 500, 25


class Failed(Exception):
    """A job that ends as failed, with why."""


class Worker:
    """Follows what was asked for to its end; what an earlier process left open has failed."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._over = threading.Event()
        self._work: dict[str, Callable[[dict[str, Any]], Any]] = {
            "DatasetImportJob": self._import,
            "SolutionVersion": self._train,
            "BatchInferenceJob": self._recommend,
            "DataDeletionJob": self._delete,
        }

    def start(self) -> None:
        for row in self._file.all(
            "select arn, kind from resources where status like '%PENDING' or status like '%PROGRESS'"
        ):
            self._file.move(row["arn"], states(row["kind"])[3], failure=ENDED_WITH_US)

    def stop(self) -> None:
        self._over.set()

    def follow(self, arn: str, fault: str | None) -> None:
        """Begin what was just asked for."""
        threading.Thread(target=self._follow, args=(arn, fault), daemon=True, name=arn[-40:]).start()

    def _follow(self, arn: str, fault: str | None) -> None:
        settings = self._file.settings()
        row = self._file.resource(arn)
        assert row is not None
        _, going, done, failed = states(row["kind"])
        slow = 20.0 if fault == "slow" else 1.0
        if self._over.wait(float(settings["pending_seconds"]) * slow):
            return
        self._file.move(arn, going)
        if self._over.wait(float(settings["work_seconds"]) * slow):
            return
        try:
            if fault == "fail":
                raise Failed("It failed, as it was told to.")
            made = self._work[row["kind"]](row) if row["kind"] in self._work else None
            self._file.move(arn, done, made=made)
        except (Failed, schemas.BadFile, learning.NotEnough) as problem:
            self._file.move(arn, failed, failure=str(problem))
        except (BotoCoreError, ClientError) as problem:
            self._file.move(arn, failed, failure=f"Amazon S3: {problem}")

    def _import(self, job: dict[str, Any]) -> dict[str, int]:
        dataset = self._resource(job["body"]["datasetArn"])
        kind, key = dataset["body"]["datasetType"].upper(), _dataset(dataset)
        schema = self._resource(dataset["body"]["schemaArn"])["body"]["schema"]
        found = [
            row
            for name, text in _texts(job["body"]["dataSource"]["dataLocation"], "")
            for row in schemas.rows(schema, name, text)
        ]
        fewest = int(self._file.settings()["fewest_interactions"])
        if kind == "INTERACTIONS" and len(found) < fewest:
            raise Failed(f"The import has {len(found)} interactions; at least {fewest}")
        if not found:
            raise Failed("There is no row in the files")
        with self._file.transaction():
            if job["body"].get("importMode", "FULL") == "FULL":
                self._file.run("delete from rows where dataset = ? and live = 0", key)
            # All at once: a row a statement takes seconds for what SQLite does in one.
            self._file.run(
                "insert into rows(dataset, row, user, item, at) select ?, value, value ->> 'USER_ID',"
                " value ->> 'ITEM_ID', value ->> 'TIMESTAMP' from json_each(?)",
                *(key, json.dumps(found)),
            )
        return {"rows": len(found)}

    def _train(self, version: dict[str, Any]) -> dict[str, Any]:
        return learning.learn(self._file, self._resource(version["parent"])["parent"])

    def _recommend(self, job: dict[str, Any]) -> dict[str, int]:
        body = job["body"]
        version = self._resource(body["solutionVersionArn"])
        solution = self._resource(version["parent"])
        recipe = learning.RECIPES[solution["body"]["recipeArn"].rpartition("/")[2]]
        chosen = self._resource(body["filterArn"]) if body.get("filterArn") else None
        keep = (
            filters.read(chosen["body"]["filterExpression"], known(self._file, solution["parent"])) if chosen else None
        )
        most, lines = int(body.get("numResults", USUAL_RESULTS)), 0
        target = body["jobOutput"]["s3DataDestination"]["path"]
        for name, text in _texts(body["jobInput"]["s3DataSource"]["path"], ".json"):
            answers = [
                self._answer(line, recipe, solution["parent"], version["made"], most, keep)
                for line in text.splitlines()
                if line.strip()
            ]
            _put(target, f"{name.rpartition('/')[2]}.out", "".join(json.dumps(one) + "\n" for one in answers))
            lines += len(answers)
        if not lines:
            raise Failed("There is no line in the input")
        return {"lines": lines}

    def _answer(
        self, line: str, recipe: str, group: str, model: dict[str, Any], most: int, keep: filters.Filter | None
    ) -> dict[str, Any]:
        try:
            given = json.loads(line)
            about = given["itemId"] if recipe == "RELATED_ITEMS" else given["userId"]
        except (ValueError, TypeError, KeyError):
            raise Failed("A line of the input has no userId, or itemId where that is asked about") from None
        scores = (
            learning.like(model, about)
            if recipe == "RELATED_ITEMS"
            else learning.for_user(self._file, group, model, about)
        )
        if scores is None:
            return {"input": given, "output": None, "error": f"Item {about} is not known"}
        if recipe == "PERSONALIZED_RANKING":
            scores = {item: scores.get(item, 0.0) for item in given.get("itemList", ())}
        values = given.get("filterValues") or {}
        ranked = learning.best(self._file, group, scores, most, user=given.get("userId"), keep=keep, values=values)
        output: dict[str, Any] = {"recommendedItems": [item for item, _ in ranked]}
        # The service tells no scores of what is like something.
        if recipe != "RELATED_ITEMS":
            output["scores"] = [score for _, score in ranked]
        return {"input": given, "output": output, "error": None}

    def _delete(self, job: dict[str, Any]) -> dict[str, int]:
        group, users = job["body"]["datasetGroupArn"], set()
        for name, text in _texts(job["body"]["dataSource"]["dataLocation"], ""):
            reader = csv.reader(io.StringIO(text, newline=""))
            if next(reader, None) != ["USER_ID"]:
                raise Failed(f"{name}: its one column is USER_ID")
            users |= {row[0] for row in reader if row}
        deleted = 0
        with self._file.transaction():
            for kind in ("INTERACTIONS", "USERS"):
                for user in users:
                    deleted += len(
                        self._file.all("select 1 from rows where dataset = ? and user = ?", f"{group}/{kind}", user)
                    )
                    self._file.run("delete from rows where dataset = ? and user = ?", f"{group}/{kind}", user)
        return {"numDeleted": deleted}

    def _resource(self, arn: str) -> dict[str, Any]:
        row = self._file.resource(arn)
        assert row is not None
        return row


def states(word: str) -> tuple[str, str, str, str]:
    """Pending, going on, done, failed."""
    if BY_WORD[word].ends == "COMPLETED":
        return "PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"
    return "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED"


def known(file: File, group: str) -> dict[str, set[str]]:
    """The fields of the group's datasets, by the names that filters have for them."""
    found: dict[str, set[str]] = {}
    for dataset in file.resources("Dataset", group):
        schema = file.resource(dataset["body"]["schemaArn"])
        assert schema is not None
        names = {field["name"] for field in schemas.fields(schema["body"]["schema"])}
        found[dataset["body"]["datasetType"].capitalize()] = names
    return found


def _dataset(dataset: dict[str, Any]) -> str:
    return f"{dataset['parent']}/{dataset['body']['datasetType'].upper()}"


def _texts(location: str, ending: str) -> Iterator[tuple[str, str]]:
    """The files below a place, or the one of that name."""
    place = urlsplit(location)
    bucket, prefix = place.netloc, place.path.lstrip("/")
    s3, found = client("s3"), 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if (key != prefix and not prefix.endswith("/")) or not key.endswith(ending) or not entry["Size"]:
                continue
            found += 1
            yield key, s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    if not found:
        raise Failed(f"There is no file at {location}")


def _put(location: str, name: str, text: str) -> None:
    place = urlsplit(location)
    key = f"{place.path.lstrip('/').rstrip('/')}/{name}"
    client("s3").put_object(Bucket=place.netloc, Key=key, Body=text.encode())
