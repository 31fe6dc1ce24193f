"""The state machine: its last executions, and the one looked at with the way it went. Read from Step Functions' API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

import psycopg
from botocore.exceptions import ClientError

from local.connected import Connected
from local.status import graph
from local.status.markup import pill, quiet

SHOWN = 10
LOOKED_AT = 100
EVENTS = 1000
# An execution is named after its redemption; a later one has a number behind it.
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-[0-9]{1,4})?")
_TONES = {"SUCCEEDED": "good", "RUNNING": "wait"}

type Reading = dict[str, Any]


def read(cloud: Connected, chosen: str = "") -> Reading:
    """`states` of the deployed definition, the last `executions`, the `shown` one: the chosen, or the newest."""
    client, machine = cloud.client("stepfunctions"), cloud.outputs["StateMachineArn"]
    definition = client.describe_state_machine(stateMachineArn=machine)["definition"]
    found = client.list_executions(stateMachineArn=machine, maxResults=LOOKED_AT)["executions"]
    executions = [_execution(one) for one in found]
    executions = sorted(executions, key=lambda one: one["started"], reverse=True)[:SHOWN]
    missing = ""
    if chosen and chosen not in {one["name"] for one in executions}:
        older = _older(client, machine, chosen)
        executions += [older] if older else []
        missing, chosen = ("", chosen) if older else (chosen[:60], "")
    name = chosen or (executions[0]["name"] if executions else "")
    shown = next((one for one in executions if one["name"] == name), None)
    titles = _titles(cloud, [one["name"][:36] for one in executions])
    for one in executions:
        one["title"] = titles.get(one["name"][:36], "")
    if shown:
        events = client.get_execution_history(executionArn=shown["arn"], maxResults=EVENTS, includeExecutionData=False)[
            "events"
        ]
        shown = {**shown, **way(events)}
    return {"states": states(definition), "executions": executions, "shown": shown, "missing": missing}


def _older(client: Any, machine: str, name: str) -> Reading | None:
    if not NAME.fullmatch(name):
        return None
    try:
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        return _execution(client.describe_execution(executionArn=arn))
    except ClientError:
        return None


def _execution(one: Reading) -> Reading:
    return {
        "name": one["name"],
        "arn": one["executionArn"],
        "status": one["status"],
        "started": one["startDate"].isoformat(timespec="milliseconds"),
    }


def _titles(cloud: Connected, names: list[str]) -> dict[str, str]:
    """What each redemption is of; none while the database is down."""
    try:
        with cloud.query() as connection:
            rows = connection.execute(
                "select redemption_id::text as name, string_agg(title, ', ' order by line_number) as title"
                " from redemptions.line where redemption_id::text = any (%s) group by redemption_id",
                (names,),
            ).fetchall()
    except psycopg.Error:
        return {}
    return {row["name"]: row["title"] for row in rows}


def states(definition: str) -> list[Reading]:
    """Every state in the definition's order: name, type, comment, and what can come next."""
    return [
        {
            "name": name,
            "type": state["Type"],
            "comment": state.get("Comment", ""),
            "next": list(dict.fromkeys(_nexts(state))),
        }
        for name, state in json.loads(definition)["States"].items()
    ]


def _nexts(state: Reading) -> Iterable[str]:
    for one in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in one:
            yield one["Next"]
    if "Default" in state:
        yield state["Default"]


def way(events: Iterable[Reading]) -> Reading:
    """What a history says: `visits` in order (name, at: seconds since the start), `marks` by state (passed, now,
    failed), `errors` by state. A step that failed and was tried again well has passed."""
    visits: list[Reading] = []
    marks: dict[str, str] = {}
    errors: dict[str, str] = {}
    at, began = "", None
    for event in events:
        kind, details = event["type"], _details(event)
        began = began or event["timestamp"]
        if kind.endswith("StateEntered"):
            at = details["name"]
            visits.append({"name": at, "at": round((event["timestamp"] - began).total_seconds(), 1)})
            marks[at] = "now"
            errors.pop(at, None)
        elif kind.endswith("StateExited"):
            marks[details["name"]] = "failed" if details["name"] in errors else "passed"
        elif kind in ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"):
            if at and marks[at] == "now":
                marks[at] = "failed"
                errors[at] = str(details.get("error") or errors.get(at) or kind.removeprefix("Execution").lower())
        elif kind.endswith(("Failed", "TimedOut")):
            errors[at] = str(details.get("error") or kind)
        elif kind.endswith("Succeeded"):
            errors.pop(at, None)
    return {"visits": visits, "marks": marks, "errors": errors}


def _details(event: Reading) -> Reading:
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


def show(reading: Reading) -> str:
    """The section."""
    shown = reading["shown"]
    missing = (
        f'<p class="bad">There is no execution {escape(reading["missing"])}; a kill of the emulator forgets them.</p>'
        if reading["missing"]
        else ""
    )
    if not reading["executions"]:
        listed = quiet("No execution yet: each redemption starts one, named after its id.")
    else:
        links = "".join(f"<li>{_link(one, shown)}</li>" for one in reading["executions"])
        listed = f'<ul class="executions">{links}</ul>'
    return (
        f'{missing}<div class="machine"><div>{graph.draw(reading["states"], shown)}{graph.LEGEND}</div>'
        f'<div class="executions"><h3>Last executions</h3>{listed}{_in_words(shown)}</div></div>'
    )


def _link(one: Reading, shown: Reading | None) -> str:
    current = ' aria-current="true"' if shown and one["name"] == shown["name"] else ""
    status = pill(one["status"].lower(), _TONES.get(one["status"], "bad"))
    later = f" (again, {one['name'][37:]})" if len(one["name"]) > 36 else ""
    return (
        f'<a href="/?execution={escape(one["name"])}#machine"{current}>'
        f"{escape(one['title'] or 'A redemption')}{escape(later)} {status}"
        f'<br><span class="quiet small"><span class="mono">{escape(one["name"])}</span></span></a>'
    )


def _in_words(shown: Reading | None) -> str:
    """The same for those who do not see the picture."""
    if not shown:
        return ""
    steps = "".join(
        f"<tr><td>{visit['at']:,.1f} s</td><td>{_said(visit, shown)}</td></tr>" for visit in shown["visits"]
    )
    told = f'<table class="num"><tbody>{steps}</tbody></table>'
    return f"<details><summary>The way it went, in words</summary>{told}</details>"


def _said(visit: Reading, shown: Reading) -> str:
    name = visit["name"]
    if visit is not next(one for one in reversed(shown["visits"]) if one["name"] == name):
        return f"{escape(name)}, passed"
    error = f": {escape(shown['errors'][name])}" if name in shown["errors"] else ""
    return f"{escape(name)}, {shown['marks'][name]}{error}"
