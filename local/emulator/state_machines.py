"""Step Functions: `http:invoke`, SDK calls of services that a stand-in answers, and AWS's idempotent start."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ministack.services import stepfunctions

from local.emulator.pinned import private, replace

HTTP_TIMEOUT_SECONDS = 60


def install() -> None:
    failed = private(stepfunctions, "_ExecutionError")
    private(stepfunctions, "_SERVICE_DISPATCH")["arn:aws:states:::http:invoke"] = _http_invoke
    invoke_sdk = private(stepfunctions, "_invoke_aws_sdk_integration")
    known_services = private(stepfunctions, "_AWS_SDK_SERVICE_MAP")

    def invoke_stand_in(resource: str, arguments: dict[str, Any]) -> Any:
        # arn:aws:states:::aws-sdk:<service>:<action>
        service, action = resource.split(":")[6].lower(), resource.split(":")[7].split(".")[0]
        address = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}")
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


def _call(service: str, action: str, address: str, arguments: dict[str, Any], failed: type[Exception]) -> Any:
    import boto3  # only machines that call a stand-in pay for the SDK's models
    from botocore import xform_name
    from botocore.exceptions import ClientError

    client: Any = boto3.client(service, endpoint_url=address)  # type: ignore[call-overload]
    try:
        answer = getattr(client, xform_name(action))(**arguments)
    except ClientError as error:
        raise failed(f"{service.capitalize()}.{error.response['Error']['Code']}", str(error)) from None
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=str))
