"""What each of the emulator's patches changes, seen from outside."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.local.probe import ROLE, Probe, deploy, eventually, function

pytestmark = ON_CLOUD


def test_an_exception_keeps_its_type_its_message_and_its_trace(probe: Probe) -> None:
    failed, payload = probe.invoke({"fail": True})
    assert failed
    assert payload["errorType"] == "DatabaseUnavailable"
    assert payload["errorMessage"] == "nobody answers"
    assert any("in handler" in line for line in payload["stackTrace"])


def test_an_exception_does_not_cost_the_process_its_life(probe: Probe) -> None:
    _, before = probe.invoke({})
    probe.invoke({"fail": True})
    _, after = probe.invoke({})
    assert before["pid"] == after["pid"]


def test_functions_run_in_the_applications_python_with_nothing_of_the_emulators_environment(probe: Probe) -> None:
    _, payload = probe.invoke({})
    assert payload["version"].startswith("3.13")
    environment = payload["environment"]
    assert environment["OF_THE_FUNCTION"] == "yes"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == probe.function
    assert environment["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{probe.cloud.ports.gateway}"
    assert not {"PYTHONPATH", "STATE_DIR", "PERSIST_STATE", "GATEWAY_PORT", "VIRTUAL_ENV"} & set(environment)
    assert not any("build/emulator" in folder or folder.endswith("/.venv/lib") for folder in payload["path"])


def test_a_package_that_is_not_in_the_layer_is_not_there(probe: Probe) -> None:
    _, payload = probe.invoke({"import": ["boto3", "urllib3", "psycopg", "pydantic", "aws_cdk", "pytest"]})
    assert payload["can_import"] == ["boto3", "urllib3"]


def test_more_invocations_at_once_than_processes_wait_and_none_is_refused(probe: Probe) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: probe.invoke({"number": number}), range(50)))
    assert not any(failed for failed, _ in answers)
    assert sorted(payload["event"]["number"] for _, payload in answers) == list(range(50))
    assert len({payload["pid"] for _, payload in answers}) <= 6


def test_a_type_that_the_emulator_does_not_know_is_a_placeholder_that_answers(probe: Probe) -> None:
    assert "AWS::Personalize::DatasetGroup" in probe.cloud.placeholders()
    assert probe.outputs["UnknownArn"] == "arn:aws:personalize:us-east-1:000000000000:datasetgroup/probe-group"
    assert probe.outputs["UnknownEndpoint"] == "see probe-group.Endpoint"


def test_a_custom_resource_whose_function_fails_fails_the_stack_at_once(cloud: Connected) -> None:
    broken = {
        "Resources": {
            "Function": function(),
            "Broken": {"Type": "Custom::Broken", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}},
        }
    }
    assert deploy(cloud, f"broken-{uuid.uuid4().hex[:8]}", broken) == "ROLLBACK_COMPLETE"


def test_an_object_in_a_bucket_calls_the_function(probe: Probe) -> None:
    key = f"members/{uuid.uuid4()}.csv"
    probe.cloud.client("s3").put_object(Bucket=probe.bucket, Key=key, Body=b"x")
    assert probe.was_called_with(key)


def test_an_event_on_a_bus_calls_the_function(probe: Probe) -> None:
    mark = str(uuid.uuid4())
    entry = {
        "Source": "probe",
        "DetailType": "mark",
        "Detail": json.dumps({"mark": mark}),
        "EventBusName": probe.bus,
    }
    probe.cloud.client("events").put_events(Entries=[entry])
    assert probe.was_called_with(mark)


def test_an_asynchronous_invocation_outlives_its_request(probe: Probe) -> None:
    mark = str(uuid.uuid4())
    lambda_client = probe.cloud.client("lambda")
    answer = lambda_client.invoke(
        FunctionName=probe.function, InvocationType="Event", Payload=json.dumps({"mark": mark, "sleep": 1})
    )
    assert answer["StatusCode"] == 202
    assert probe.was_called_with(mark)


class TestStateMachines:
    def _machine(self, probe: Probe, states: dict[str, Any]) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = probe.cloud.client("stepfunctions").create_state_machine(
            name=f"probe-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
        )
        return str(machine["stateMachineArn"])

    def _run(self, probe: Probe, states: dict[str, Any]) -> dict[str, Any]:
        client = probe.cloud.client("stepfunctions")
        arn = client.start_execution(stateMachineArn=self._machine(probe, states), input="{}")["executionArn"]
        assert eventually(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING", 20)
        described: dict[str, Any] = client.describe_execution(executionArn=arn)
        return described

    def test_a_catcher_matches_the_type_of_the_functions_exception(self, probe: Probe) -> None:
        ended = self._run(
            probe,
            {
                "Call": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Arguments": {"FunctionName": probe.function, "Payload": {"fail": True}},
                    "Catch": [
                        {
                            "ErrorEquals": ["DatabaseUnavailable"],
                            "Output": "{% $states.errorOutput.Error %}",
                            "Next": "Caught",
                        }
                    ],
                    "End": True,
                },
                "Caught": {"Type": "Succeed"},
            },
        )
        assert ended["status"] == "SUCCEEDED"
        assert json.loads(ended["output"]) == "DatabaseUnavailable"

    def test_a_task_waits_for_the_answer_to_its_queue_message(self, probe: Probe) -> None:
        machine = self._machine(
            probe,
            {
                "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                    "Arguments": {
                        "QueueUrl": probe.queue_url,
                        "MessageBody": {"task": "place", "task_token": "{% $states.context.Task.Token %}"},
                    },
                    "Output": "{% $states.result.outcome %}",
                    "End": True,
                },
            },
        )
        client, queue = probe.cloud.client("stepfunctions"), probe.cloud.client("sqs")
        arn = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        # A long poll that begins before the message is there.
        message = queue.receive_message(QueueUrl=probe.queue_url, WaitTimeSeconds=10)["Messages"][0]
        queue.delete_message(QueueUrl=probe.queue_url, ReceiptHandle=message["ReceiptHandle"])
        token = json.loads(message["Body"])["task_token"]
        client.send_task_success(taskToken=token, output='{"outcome": "accepted"}')
        assert eventually(lambda: client.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
        assert json.loads(client.describe_execution(executionArn=arn)["output"]) == "accepted"

    def test_the_same_start_twice_is_one_execution_and_another_input_is_refused(self, probe: Probe) -> None:
        client = probe.cloud.client("stepfunctions")
        machine = self._machine(probe, {"Wait": {"Type": "Wait", "Seconds": 5, "End": True}})
        first = client.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
        again = client.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
        assert first["executionArn"] == again["executionArn"]
        with pytest.raises(client.exceptions.ExecutionAlreadyExists):
            client.start_execution(stateMachineArn=machine, name="one", input='{"a": 2}')

    def test_http_invoke_answers_with_status_and_parsed_body(self, probe: Probe) -> None:
        address = f"{probe.cloud.simulator('amazon_business')}/_simulator/health"
        ended = self._run(
            probe,
            {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::http:invoke",
                    "Arguments": {"ApiEndpoint": address, "Method": "GET"},
                    "End": True,
                }
            },
        )
        output = json.loads(ended["output"])
        assert output["StatusCode"] == 200
        assert output["ResponseBody"]["status"] == "ok"
