"""Step Functions: `http:invoke`, Glue's and SageMaker's jobs, what else a stand-in answers, AWS's idempotent start."""

from __future__ import annotations

import functools
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from local.emulator.pinned import private, replace
from local.emulator.settings import ACCOUNT, REGION

HTTP_TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.5
# Services as the SDK names them and as Step Functions names their errors, where they are not the one name.
SDK_NAMES = {"redshiftdata": "redshift-data", "redshiftserverless": "redshift-serverless"}
ERROR_NAMES = {
    "redshiftdata": "RedshiftData",
    "redshiftserverless": "RedshiftServerless",
    "quicksight": "QuickSight",
    "sagemaker": "SageMaker",
}
SAGEMAKER_ERRORS = ("ResourceInUseException", "ResourceLimitExceededException", "ResourceNotFoundException")
# Where the administrator's secret of a namespace is; the warehouse's stand-in asks for no password.
NAMESPACE = "arn:aws:states:::aws-sdk:redshiftserverless:getNamespace"


def install() -> None:
    failed = private(stepfunctions, "_ExecutionError")
    integrations = private(stepfunctions, "_SERVICE_DISPATCH")
    integrations["arn:aws:states:::http:invoke"] = _http_invoke
    integrations["arn:aws:states:::glue:startJobRun"] = _run_job
    for action in ("createTrainingJob", "createProcessingJob", "createTransformJob", "createModel"):
        integrations[f"arn:aws:states:::sagemaker:{action}"] = _sagemaker
    integrations[NAMESPACE] = _namespace
    invoke_sdk = private(stepfunctions, "_invoke_aws_sdk_integration")
    known_services = private(stepfunctions, "_AWS_SDK_SERVICE_MAP")

    def invoke_stand_in(resource: str, arguments: dict[str, Any]) -> Any:
        # arn:aws:states:::aws-sdk:<service>:<action>
        service, action = resource.split(":")[6].lower(), resource.split(":")[7].split(".")[0]
        name = SDK_NAMES.get(service, service)
        address = os.environ.get(f"AWS_ENDPOINT_URL_{name.upper().replace('-', '_')}")
        if service in known_services or not address:
            return invoke_sdk(resource, arguments)
        return _call(service, action, address, arguments, failed)

    replace(stepfunctions, "_invoke_aws_sdk_integration", invoke_stand_in)

    start = private(stepfunctions, "_start_execution")
    executions = private(stepfunctions, "_executions")

    def start_or_answer_again(request: dict[str, Any]) -> Any:
        answer = start(request)
        if answer[0] == 400 and b"ExecutionAlreadyExists" in answer[2]:
            machine = str(request["stateMachineArn"]).replace(":stateMachine:", ":execution:")
            running = executions.get(f"{machine}:{request.get('name')}")
            if running and running["status"] == "RUNNING" and running["input"] == request.get("input", "{}"):
                same = {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                return private(stepfunctions, "json_response")(same)
        return answer

    replace(stepfunctions, "_start_execution", start_or_answer_again)


def _http_invoke(_resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    failed = private(stepfunctions, "_ExecutionError")
    query = urllib.parse.urlencode(arguments.get("QueryParameters") or {}, doseq=True)
    body = arguments.get("RequestBody")
    request = urllib.request.Request(  # noqa: S310 - the machine's own endpoint
        arguments["ApiEndpoint"] + (f"?{query}" if query else ""),
        method=arguments.get("Method", "GET"),
        headers={"Content-Type": "application/json", **(arguments.get("Headers") or {})},
        data=None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_SECONDS) as answer:  # noqa: S310
            status, headers, raw = answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        raise failed(f"States.Http.StatusCode.{error.code}", error.read().decode(errors="replace")[:2000]) from None
    except OSError as error:
        raise failed("States.Http.Socket", str(error)) from None
    try:
        parsed = json.loads(raw)
    except ValueError:
        parsed = raw
    return {
        "StatusCode": status,
        "StatusText": "OK",
        "Headers": {name: [value] for name, value in headers.items()},
        "ResponseBody": parsed,
    }


def _run_job(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """StartJobRun, and with `.sync` until the run has ended; a run that failed fails the task."""
    failed = private(stepfunctions, "_ExecutionError")
    address = os.environ["AWS_ENDPOINT_URL_GLUE"]
    run_id = _call("glue", "startJobRun", address, arguments, failed)["JobRunId"]
    if not resource.endswith(".sync"):
        return {"JobRunId": run_id}
    which = {"JobName": arguments["JobName"], "RunId": run_id}
    while True:
        run: dict[str, Any] = _call("glue", "getJobRun", address, which, failed)["JobRun"]
        if run["JobRunState"] == "SUCCEEDED":
            return run
        if run["JobRunState"] in ("FAILED", "STOPPED", "TIMEOUT", "ERROR"):
            raise failed("States.TaskFailed", json.dumps(run))
        time.sleep(POLL_SECONDS)


def _sagemaker(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A Create, and with `.sync` until the job has ended; one that did not complete fails the task."""
    failed = private(stepfunctions, "_ExecutionError")

    def refused(name: str, cause: str) -> Exception:
        """This integration has one name for all but a few of the service's errors."""
        kept = name.removeprefix("SageMaker.") in SAGEMAKER_ERRORS
        told: Exception = failed(name if kept else "SageMaker.AmazonSageMakerException", cause)
        return told

    address = os.environ["AWS_ENDPOINT_URL_SAGEMAKER"]
    action, _, how = resource.split(":")[6].partition(".")
    made: dict[str, Any] = _call("sagemaker", action, address, arguments, refused)
    if how != "sync":
        return made
    noun = action.removeprefix("create")  # TrainingJob, ProcessingJob, TransformJob
    which = {f"{noun}Name": arguments[f"{noun}Name"]}
    while True:
        job: dict[str, Any] = _call("sagemaker", f"describe{noun}", address, which, refused)
        if job[f"{noun}Status"] == "Completed":
            return job
        if job[f"{noun}Status"] in ("Failed", "Stopped"):
            raise failed("States.TaskFailed", json.dumps(job))
        time.sleep(POLL_SECONDS)


def _namespace(_resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    name = arguments["NamespaceName"]
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redshift!{name}-warehouse_admin-000000"
    return {"Namespace": {"NamespaceName": name, "Status": "AVAILABLE", "AdminPasswordSecretArn": secret}}


def _call(
    service: str, action: str, address: str, arguments: dict[str, Any], failed: Callable[[str, str], Exception]
) -> Any:
    from botocore import xform_name
    from botocore.exceptions import BotoCoreError, ClientError

    prefix = ERROR_NAMES.get(service, service.capitalize())
    try:
        answer = getattr(_client(SDK_NAMES.get(service, service), address), xform_name(action))(**arguments)
    except ClientError as error:
        # Step Functions' names end in Exception, also where the service's do not.
        code = str(error.response["Error"]["Code"]).removesuffix("Exception")
        raise failed(f"{prefix}.{code}Exception", str(error)) from None
    except BotoCoreError as error:
        raise failed(f"{prefix}.SdkClientException", str(error)) from None
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=str))


@functools.cache
def _client(service: str, address: str) -> Any:
    import boto3  # only machines that call a stand-in pay for the SDK's models

    return boto3.client(service, endpoint_url=address)  # type: ignore[call-overload]
