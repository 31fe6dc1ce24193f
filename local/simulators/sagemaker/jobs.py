"""Jobs' rows: made, moved through their states, told as the service tells them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from local.emulator.settings import ACCOUNT, REGION
from local.simulators.aws_json.files import now
from local.simulators.sagemaker.files import File
from local.simulators.sagemaker.refusals import Refused, wrong

type Row = dict[str, Any]

OPEN = ("InProgress", "Stopping")
# A fault of the job itself, not of the call.
FAULTS = ("fail_job", "kill_job", "time_out", "slow")
_LONGEST_SECONDS = 86_400


def arn(kind: str, name: str) -> str:
    """Of a job, a model, a group or a package."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


def create(file: File, kind: str, given: dict[str, Any], fault: dict[str, Any] | None) -> str:
    """A new job's ARN. ResourceInUse: the name was used once."""
    name, moment = given[f"{kind.capitalize()}JobName"], now()
    with file.transaction():
        if file.one("select 1 from jobs where kind = ? and name = ?", kind, name):
            raise Refused("ResourceInUse", "Job name must be unique within an AWS account and region")
        broken = fault["kind"] if fault and fault["kind"] in FAULTS else None
        file.run(
            "insert into jobs(kind, name, status, asked, fault, created_at, changed_at)"
            " values (?, ?, 'InProgress', ?, ?, ?, ?)",
            *(kind, name, json.dumps(given), broken, moment, moment),
        )
    if kind == "training":
        step(file, name, "Starting", "Launching requested ML instances")
    return arn(f"{kind}-job", name)


def found(file: File, kind: str, name: str) -> Row:
    """A job's row. ResourceNotFound."""
    row = file.one("select * from jobs where kind = ? and name = ?", kind, name)
    if row is None:
        raise Refused("ResourceNotFound", "Requested resource not found.")
    return row


def stop(file: File, kind: str, name: str) -> None:
    """Stopping from now on. ValidationException: it is over. One that is Stopping may be told again."""
    row = found(file, kind, name)
    if row["status"] not in OPEN:
        raise wrong(f"The request was rejected because the {kind} job is in status {row['status']}.")
    file.run(
        "update jobs set status = 'Stopping', changed_at = ? where kind = ? and name = ? and status = 'InProgress'",
        *(now(), kind, name),
    )
    if kind == "training":
        step(file, name, "Stopping", "Stopping the training job")


def step(file: File, name: str, secondary: str, message: str) -> None:
    """A training job's finer status, with the moment at which the one before ended."""
    moment = now()
    with file.transaction():
        steps = json.loads(found(file, "training", name)["transitions"])
        if steps and steps[-1]["Status"] == secondary:
            return
        if steps:
            steps[-1]["EndTime"] = seconds(moment)
        steps.append({"Status": secondary, "StartTime": seconds(moment), "StatusMessage": message})
        file.run(
            "update jobs set secondary = ?, transitions = ?, changed_at = ? where kind = 'training' and name = ?",
            *(secondary, json.dumps(steps), moment, name),
        )


def begin(file: File, kind: str, name: str) -> None:
    """Its container starts."""
    file.run("update jobs set started_at = ?, changed_at = ? where kind = ? and name = ?", now(), now(), kind, name)


def end(file: File, kind: str, name: str, status: str, **more: Any) -> None:
    """Its end; `more`: reason, message, metrics, artefact."""
    moment = now()
    if kind == "training":
        final = more.pop("secondary", status)
        step(file, name, final, more.get("reason") or f"{kind.capitalize()} job {status.lower()}")
    columns = "".join(f", {column} = ?" for column in more)
    file.run(
        f"update jobs set status = ?, changed_at = ?, ended_at = ?{columns} where kind = ? and name = ?",  # noqa: S608
        *(status, moment, moment, *more.values(), kind, name),
    )


def longest_seconds(row: Row) -> float:
    """How long its container may run."""
    condition = json.loads(row["asked"]).get("StoppingCondition") or {}
    return float(condition.get("MaxRuntimeInSeconds", _LONGEST_SECONDS))


def told(row: Row) -> Row:
    """A job as its Describe answers it."""
    kind, asked = row["kind"], json.loads(row["asked"])
    noun = f"{kind.capitalize()}Job"
    document: Row = {
        **{name: value for name, value in asked.items() if name != "Tags"},
        f"{noun}Arn": arn(f"{kind}-job", row["name"]),
        f"{noun}Status": row["status"],
        "CreationTime": seconds(row["created_at"]),
    }
    if row["reason"]:
        document["FailureReason"] = row["reason"]
    for column, name in (("started_at", "StartTime"), ("ended_at", "EndTime")):
        if row[column]:
            document[f"{kind.capitalize()}{name}"] = seconds(row[column])
    if kind != "transform":
        document["LastModifiedTime"] = seconds(row["changed_at"])
    if kind == "training":
        document |= _training(row, document)
    if kind == "processing" and row["message"]:
        document["ExitMessage"] = row["message"]
    return document


def _training(row: Row, document: Row) -> Row:
    more: Row = {
        "SecondaryStatus": row["secondary"],
        "SecondaryStatusTransitions": json.loads(row["transitions"]),
        "EnableManagedSpotTraining": False,
    }
    if row["artefact"]:
        more["ModelArtifacts"] = {"S3ModelArtifacts": row["artefact"]}
    if metrics := json.loads(row["metrics"]):
        more["FinalMetricDataList"] = metrics
    if "TrainingEndTime" in document and "TrainingStartTime" in document:
        length = max(1, int(document["TrainingEndTime"] - document["TrainingStartTime"]))
        more |= {"TrainingTimeInSeconds": length, "BillableTimeInSeconds": length}
    return more


def seconds(moment: str) -> float:
    """A stored time as the protocol tells it."""
    return round(datetime.fromisoformat(moment).timestamp(), 3)
