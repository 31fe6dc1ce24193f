"""Events are taken, and what is asked while somebody waits is answered by the campaign's version."""

from __future__ import annotations

import json
import secrets
from typing import Any

from local.simulators.personalize import filters, jobs, learning
from local.simulators.personalize.files import File
from local.simulators.personalize.refusals import absent, invalid

MOST_RANKED = 500


class Answers:
    """PutEvents, GetRecommendations, GetPersonalizedRanking."""

    def __init__(self, file: File) -> None:
        self._file = file

    def put_events(self, given: dict[str, Any]) -> dict[str, Any]:
        """Kept beside what was imported; the same eventId is one. Raises Refused."""
        trackers = [
            one for one in self._file.resources("EventTracker") if one["made"].get("trackingId") == given["trackingId"]
        ]
        if not trackers or trackers[0]["status"] != "ACTIVE":
            raise invalid("The tracking id is of no active event tracker")
        dataset = f"{trackers[0]['parent']}/INTERACTIONS"
        known = jobs.known(self._file, trackers[0]["parent"]).get("Interactions", set())
        for event in given["eventList"]:
            row = {
                "USER_ID": given.get("userId"),
                "ITEM_ID": event.get("itemId"),
                "TIMESTAMP": int(event["sentAt"]),
                "EVENT_TYPE": event["eventType"],
                "EVENT_VALUE": event.get("eventValue"),
                **json.loads(event.get("properties") or "{}"),
            }
            if strange := [name for name in row if name not in known and row[name] is not None]:
                raise invalid(f"{', '.join(strange)} are not in the schema of the interactions")
            if not row["ITEM_ID"] or not row["USER_ID"]:
                raise invalid("An event has an itemId, and its list a userId")
            self._file.run(
                "insert or ignore into rows(dataset, row, user, item, at, live, event_id) values (?, ?, ?, ?, ?, 1, ?)",
                *(dataset, json.dumps(row), row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"], event.get("eventId")),
            )
        return {}

    def recommendations(self, given: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused."""
        solution, version = self._asked(given)
        recipe = learning.RECIPES[solution["body"]["recipeArn"].rpartition("/")[2]]
        if recipe == "RELATED_ITEMS":
            if not given.get("itemId"):
                raise invalid("itemId is required for this recipe")
            scores = learning.like(version["made"], given["itemId"]) or dict.fromkeys(version["made"]["popular"], 0.0)
        elif recipe == "TRENDING_NOW":
            scores = {item: float(count) for item, count in version["made"]["popular"].items()}
        elif recipe == "USER_PERSONALIZATION":
            if not given.get("userId"):
                raise invalid("userId is required for this recipe")
            scores = learning.for_user(self._file, solution["parent"], version["made"], given["userId"])
        else:
            raise invalid("This campaign ranks: GetPersonalizedRanking")
        most = int(given.get("numResults") or jobs.USUAL_RESULTS)
        if most > jobs.MOST_RESULTS:
            raise invalid(f"numResults is at most {jobs.MOST_RESULTS}")
        return self._told("itemList", solution["parent"], scores, most, given)

    def ranking(self, given: dict[str, Any]) -> dict[str, Any]:
        """Raises Refused."""
        solution, version = self._asked(given)
        if learning.RECIPES[solution["body"]["recipeArn"].rpartition("/")[2]] != "PERSONALIZED_RANKING":
            raise invalid("This campaign does not rank")
        if not 1 <= len(given["inputList"]) <= MOST_RANKED:
            raise invalid(f"inputList is 1 to {MOST_RANKED}")
        scores = learning.for_user(self._file, solution["parent"], version["made"], given["userId"])
        wanted = {item: scores.get(item, 0.0) for item in given["inputList"]}
        return self._told("personalizedRanking", solution["parent"], wanted, len(wanted), given)

    def _asked(self, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        campaign = self._file.resource(given.get("campaignArn", ""))
        if campaign is None or campaign["kind"] != "Campaign" or campaign["status"] != "ACTIVE":
            raise absent(given.get("campaignArn"))
        version = self._file.resource(campaign["parent"])
        assert version is not None
        solution = self._file.resource(version["parent"])
        assert solution is not None
        return solution, version

    def _told(
        self, name: str, group: str, scores: dict[str, float], most: int, given: dict[str, Any]
    ) -> dict[str, Any]:
        keep = None
        if asked := given.get("filterArn"):
            chosen = self._file.resource(asked)
            if chosen is None or chosen["kind"] != "Filter":
                raise absent(asked)
            keep = filters.read(chosen["body"]["filterExpression"], jobs.known(self._file, group))
            if missing := keep.parameters() - (given.get("filterValues") or {}).keys():
                raise invalid(f"filterValues lacks {', '.join(sorted(missing))}")
        values = given.get("filterValues") or {}
        ranked = learning.best(self._file, group, scores, most, user=given.get("userId"), keep=keep, values=values)
        listed = [{"itemId": item, "score": score} for item, score in ranked]
        return {name: listed, "recommendationId": f"RID-{secrets.token_hex(8)}"}
