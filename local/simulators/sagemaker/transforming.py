"""A batch transform: `serve` is started, asked whether it is well, and given one object a request."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import httpx

from local.postgres import free_port
from local.simulators import clock
from local.simulators.sagemaker import models, objects
from local.simulators.sagemaker.container import Container
from local.simulators.sagemaker.refusals import Refused
from local.simulators.sagemaker.working import BrokenOff, Failed, Job

# Of the service, where a request does not say otherwise.
PAYLOAD_MB = 6
TIMEOUT_SECONDS = 600
RETRIES = 3
PING_SECONDS = 2
_MB = 1024 * 1024


def transform(job: Job) -> dict[str, Any]:
    """Nothing to add."""
    asked = job.asked
    try:
        container = models.container(job.file, asked["ModelName"])
    except Refused:
        raise Failed("ClientError: The model does not exist any more.") from None
    source = asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    given = list(objects.below(source))
    (job.root / "model").mkdir()
    if "ModelDataUrl" in container:
        objects.fetch_one(container["ModelDataUrl"], job.root / "model.tar.gz")
        objects.unpack(job.root / "model.tar.gz", job.root / "model")
    port = free_port()
    environment = {
        **container.get("Environment", {}),
        **asked.get("Environment", {}),
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BIND_TO_PORT": str(port),
    }
    running = job.container(["serve"], environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=False) as client:  # noqa: S501 - plain HTTP
            _until_well(job, running, client)
            outputs = _answers(job, asked, given, client)
    finally:
        running.stop(0.0 if job.over.is_set() else float(job.file.settings()["stop_seconds"]))
    _capture(asked, source, given, outputs)
    return {}


def _until_well(job: Job, running: Container, client: httpx.Client) -> None:
    """Until /ping answers 200, as long as a container may take for that."""
    until = time.monotonic() + float(job.file.settings()["ping_seconds"])
    while True:
        if job.stopped:
            raise BrokenOff
        if running.process.poll() is not None or time.monotonic() > until:
            raise Failed("AlgorithmError: The primary container for the model did not pass the ping health check.")
        try:
            if client.get("/ping", timeout=PING_SECONDS).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)


def _limits(asked: dict[str, Any], client: httpx.Client) -> dict[str, Any]:
    """What the request says, else what the container says, else what is usual."""
    try:
        answer = client.get("/execution-parameters", timeout=PING_SECONDS)
        told = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        told = {}
    limits = {
        "payload": int(asked.get("MaxPayloadInMB", told.get("MaxPayloadInMB", PAYLOAD_MB))),
        "at_once": int(asked.get("MaxConcurrentTransforms", told.get("MaxConcurrentTransforms", 1))),
    }
    if limits["payload"] * limits["at_once"] > 100:
        raise Failed("ClientError: MaxPayloadInMB * MaxConcurrentTransforms must not be more than 100")
    return limits


def _answers(job: Job, asked: dict[str, Any], given: list[tuple[str, str]], client: httpx.Client) -> list[str]:
    """An object with the suffix .out for each; their paths. Nothing is kept of a job that fails."""
    limits = _limits(asked, client)
    bucket, _ = objects.parts(asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    answers = []
    for key, path in given:
        body = objects.body(bucket, key)
        if len(body) > limits["payload"] * _MB:
            raise Failed(f"ClientError: The object {key} is larger than MaxPayloadInMB ({limits['payload']})")
        answers.append((f"{path}.out", _invoked(job, asked, body, client)))
    for path, answer in answers:
        objects.put(f"{asked['TransformOutput']['S3OutputPath'].rstrip('/')}/{path}", answer)
    return [path for path, _ in answers]


def _invoked(job: Job, asked: dict[str, Any], body: bytes, client: httpx.Client) -> bytes:
    """One request's answer. A 4xx fails the job at once, a 5xx after its retries."""
    config = asked.get("ModelClientConfig", {})
    seconds = float(config.get("InvocationsTimeoutInSeconds", TIMEOUT_SECONDS))
    headers = {"Content-Type": asked["TransformInput"].get("ContentType", "application/octet-stream")}
    if accepted := asked["TransformOutput"].get("Accept"):
        headers["Accept"] = accepted
    for _ in range(int(config.get("InvocationsMaxRetries", RETRIES)) + 1):
        if job.stopped:
            raise BrokenOff
        try:
            answer = client.post("/invocations", content=body, headers=headers, timeout=seconds)
        except httpx.HTTPError:
            continue
        if answer.status_code == 200:
            return answer.content
        if 400 <= answer.status_code < 500:
            raise Failed("ClientError: See job logs for more information")
    raise Failed("AlgorithmError: See job logs for more information")


def _capture(asked: dict[str, Any], source: str, given: list[tuple[str, str]], outputs: list[str]) -> None:
    """DataCaptureConfig: which objects went in and came out, by the hour."""
    config = asked.get("DataCaptureConfig")
    if config is None:
        return
    hour = f"{clock.now():%Y/%m/%d/%H}"
    out = asked["TransformOutput"]["S3OutputPath"].rstrip("/") + "/"
    for side, prefix, names in (("input", source, [path for _, path in given]), ("output", out, outputs)):
        told = json.dumps([{"prefix": prefix}, *names]).encode()
        objects.put(f"{config['DestinationS3Uri'].rstrip('/')}/{side}/{hour}/{uuid.uuid4()}.json", told)
