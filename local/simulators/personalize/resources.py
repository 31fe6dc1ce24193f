"""What is asked for is made once, belongs to something that is there, and is told as the service tells it."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from local.simulators.aws_json.files import now
from local.simulators.personalize import filters, jobs, learning, schemas
from local.simulators.personalize.files import File, arn
from local.simulators.personalize.kinds import BY_WORD, Kind
from local.simulators.personalize.refusals import Refused, absent, invalid

OPEN = ("PENDING", "IN_PROGRESS", "CREATE PENDING", "CREATE IN_PROGRESS")
FIRST_TIMES = ("creationDateTime", "lastUpdatedDateTime")


class Resources:
    """Creates, describes, lists; a campaign is also moved to another version."""

    def __init__(self, file: File, worker: jobs.Worker) -> None:
        self._file, self._worker = file, worker

    def create(self, word: str, given: dict[str, Any], fault: str | None) -> dict[str, Any]:
        """Its ARN at once; it comes into being afterwards. Raises Refused."""
        kind = BY_WORD[word]
        name, made = str(given.get(kind.name) or ""), None
        parent = self._parent(kind, given)
        self._fits(word, given, parent)
        name, own = self._named(kind, given, name, parent)
        if word == "EventTracker":
            made = {"trackingId": secrets.token_hex(16)}
        status = "ACTIVE" if word == "Schema" else jobs.states(word)[0]
        with self._file.transaction():
            self._room(kind, own, parent)
            begun = now()
            self._file.run(
                "insert into resources(arn, kind, name, parent, status, body, made, created_at, changed_at)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(own, word, name, parent["arn"] if parent else None, status, json.dumps(given)),
                *(json.dumps(made) if made else None, begun, begun),
            )
        if word != "Schema":
            self._worker.follow(own, fault)
        return {f"{kind.field}Arn": own, **(made or {})}

    def describe(self, word: str, given: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused."""
        field = BY_WORD[word].field
        return {field: _told(word, self._found(word, given[f"{field}Arn"]))}

    def listed(self, word: str, given: dict[str, Any]) -> dict[str, Any]:
        """Of one parent, oldest first, in pages."""
        kind = BY_WORD[word]
        rows = self._file.resources(word, given.get(str(kind.parent)))
        first, most = int(given.get("nextToken") or 0), int(given.get("maxResults") or 100)
        more = {"nextToken": str(first + most)} if len(rows) > first + most else {}
        shown = [_told(word, row) for row in rows[first : first + most]]
        keep = {f"{kind.field}Arn", "name", "status", "failureReason", *FIRST_TIMES}
        return {f"{kind.field}s": [{name: one[name] for name in one if name in keep} for one in shown], **more}

    def update_campaign(self, given: dict[str, Any]) -> dict[str, Any]:
        """It goes on answering by what it had until the new one is there. Raises Refused."""
        campaign = self._found("Campaign", given["campaignArn"])
        if campaign["status"] != "ACTIVE":
            raise Refused("ResourceInUseException", f"{campaign['arn']} is {campaign['status']}")
        version = self._found(
            "SolutionVersion", given.get("solutionVersionArn", campaign["body"]["solutionVersionArn"])
        )
        if version["status"] != "ACTIVE":
            raise Refused("ResourceInUseException", f"{version['arn']} is {version['status']}")
        body = {**campaign["body"], **given}
        self._file.run(
            "update resources set body = ?, parent = ?, changed_at = ? where arn = ?",
            *(json.dumps(body), version["arn"], now(), campaign["arn"]),
        )
        return {"campaignArn": campaign["arn"]}

    def _found(self, word: str, asked: str) -> dict[str, Any]:
        row = self._file.resource(asked)
        if row is None or row["kind"] != word:
            raise absent(asked)
        return row

    def _parent(self, kind: Kind, given: dict[str, Any]) -> dict[str, Any] | None:
        if kind.parent is None:
            return None
        word = kind.parent.removesuffix("Arn")
        row = self._found(word[0].upper() + word[1:], given[kind.parent])
        if row["status"] in OPEN:
            raise Refused("ResourceInUseException", f"{row['arn']} is {row['status']}")
        if row["status"] != "ACTIVE":
            raise invalid(f"{row['arn']} is {row['status']}")
        return row

    def _named(self, kind: Kind, given: dict[str, Any], name: str, parent: dict[str, Any] | None) -> tuple[str, str]:
        if kind.word == "EventTracker":
            return name, arn(kind.part, secrets.token_hex(4))
        if kind.word == "SolutionVersion":
            assert parent is not None
            name = name or secrets.token_hex(4)
            return name, f"{parent['arn']}/{name}"
        if kind.word == "Dataset":
            assert parent is not None
            return name, arn(kind.part, f"{parent['name']}/{given['datasetType'].upper()}")
        return name, arn(kind.part, name)

    def _room(self, kind: Kind, own: str, parent: dict[str, Any] | None) -> None:
        there = self._file.resources(kind.word, parent["arn"] if parent else None)
        same = [one for one in there if kind.word == "EventTracker" or one["arn"] == own]
        if same or self._file.resource(own):
            raise Refused("ResourceAlreadyExistsException", f"Another resource with Arn {own} already exists.")
        if len(there) >= kind.most:
            raise Refused("LimitExceededException", f"There are {len(there)} already: {kind.word}")

    def _fits(self, word: str, given: dict[str, Any], parent: dict[str, Any] | None) -> None:
        """What the service looks at beyond the shape of a request. Raises Refused."""
        if word == "Schema":
            schemas.fields(given["schema"])
        elif word == "Dataset":
            if given["datasetType"].upper() not in schemas.NEEDED:
                raise invalid("datasetType is Interactions, Items or Users")
            schema = self._found("Schema", given["schemaArn"])
            schemas.fitting(given["datasetType"].upper(), schema["body"]["schema"])
        elif word == "Solution":
            if given.get("recipeArn", "").rpartition("/")[2] not in learning.RECIPES:
                raise invalid(f"The recipe {given.get('recipeArn')} is not known")
            if given.get("performAutoTraining", True):
                # AWS would train every week by itself, which costs; whoever wants that says when.
                raise invalid("This stand-in takes performAutoTraining false only: the machine trains")
        elif word == "Filter":
            assert parent is not None
            filters.read(given["filterExpression"], jobs.known(self._file, parent["arn"]))
        elif word == "BatchInferenceJob":
            self._batch(given, parent)

    def _batch(self, given: dict[str, Any], parent: dict[str, Any] | None) -> None:
        assert parent is not None
        solution = self._file.resource(parent["parent"])
        assert solution is not None
        if learning.RECIPES[solution["body"]["recipeArn"].rpartition("/")[2]] in learning.LIVE_ONLY:
            raise invalid("Batch recommendations are not made by this recipe")
        if not 1 <= int(given.get("numResults", 1)) <= jobs.MOST_RESULTS:
            raise invalid(f"numResults is 1 to {jobs.MOST_RESULTS}")
        if given.get("filterArn") and self._found("Filter", given["filterArn"])["status"] != "ACTIVE":
            raise Refused("ResourceInUseException", f"{given['filterArn']} is not active")


def _told(word: str, row: dict[str, Any]) -> dict[str, Any]:
    kind = BY_WORD[word]
    told = {name: value for name, value in row["body"].items() if name not in ("tags", "name")}
    told |= {
        f"{kind.field}Arn": row["arn"],
        kind.name: row["name"],
        "creationDateTime": datetime.fromisoformat(row["created_at"]).timestamp(),
        "lastUpdatedDateTime": datetime.fromisoformat(row["changed_at"]).timestamp(),
    }
    if word != "Schema":
        told["status"] = row["status"]
    if row["failure"]:
        told["failureReason"] = row["failure"]
    told |= {name: row["made"][name] for name in ("trackingId", "numDeleted") if name in row["made"]}
    return told
