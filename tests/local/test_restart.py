"""The emulator alone, stopped and started again: what was deployed is there, and its services run."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from local import processes
from local.cloud import EMULATOR_PYTHON
from local.connected import Connected
from local.deployment import REPOSITORY
from local.emulator.settings import Settings
from local.ports import Ports, in_use
from tests.local.probe import ROLE, deploy, eventually

SERVICE = {
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "ContainerDefinitions": [{"Name": "orders", "Image": "none", "Environment": []}],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "DesiredCount": 1,
                "LaunchType": "FARGATE",
            },
        },
        "Unknown": {"Type": "AWS::EC2::EIP"},
    }
}


@contextmanager
def _emulator(state: Path, ports: Ports) -> Iterator[Connected]:
    settings = Settings(
        gateway_port=ports.gateway,
        database_port=ports.database,
        state=str(state / "emulator"),
        logs=str(state),
        repository=str(REPOSITORY),
        application_python=str(REPOSITORY / ".venv" / "bin" / "python"),
        mail_port=ports.mail,
        textract_port=ports.textract,
        glue_port=ports.glue,
        redshift_port=ports.redshift,
        sagemaker_port=ports.sagemaker,
    )
    settings.write(state / "emulator.json")
    child = processes.start(
        "emulator",
        [str(EMULATOR_PYTHON), "-m", "local.emulator", str(state / "emulator.json")],
        cwd=REPOSITORY,
        environment=os.environ,
        log=state / "emulator.log",
        grace_seconds=20,
    )
    try:
        child.wait_until(partial(in_use, ports.gateway), 30)
        yield Connected(state, ports)
    finally:
        child.stop()


def test_a_restart_keeps_what_was_deployed_and_starts_the_services_again(tmp_path: Path) -> None:
    ports = Ports.free()

    def service_started(cloud: Connected) -> bool:
        # Without its environment the service ends at once: that it is started again and again is enough here.
        return bool([one for one in cloud.emulator("GET", "/_local/services") if one["starts"] >= 1])

    with _emulator(tmp_path, ports) as cloud:
        assert deploy(cloud, "services", SERVICE) == "CREATE_COMPLETE"
        assert cloud.emulator("GET", "/_local/services") == []
        cloud.emulator("POST", "/_local/services/start")
        assert eventually(lambda: service_started(cloud))
        cloud.client("s3").create_bucket(Bucket="kept")
        cloud.client("s3").put_object(Bucket="kept", Key="a", Body=b"b")
        definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        machine = cloud.client("stepfunctions").create_state_machine(
            name="kept", definition=json.dumps(definition), roleArn=ROLE
        )["stateMachineArn"]
    with _emulator(tmp_path, ports) as cloud:
        assert cloud.client("s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"b"
        assert cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["name"] == "kept"
        assert cloud.placeholders() == {"AWS::EC2::EIP": ["services/Unknown"]}
        cloud.emulator("POST", "/_local/services/start")
        assert eventually(lambda: service_started(cloud))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "from local.emulator import pinned; pinned.MINISTACK = '9.9.9'; import json; pinned.private(json, 'dumps')",
            "ministack==9.9.9 and found 1.5.33: look at json.dumps",
        ),
        (
            "from local.emulator import pinned; import json; pinned.private(json, '_not_there')",
            "ministack==1.5.33 should have json._not_there",
        ),
    ],
)
def test_a_private_name_of_another_version_is_refused_by_name(code: str, message: str) -> None:
    done = subprocess.run(
        [str(EMULATOR_PYTHON), "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert message in done.stderr


def test_a_secret_reference_is_split_into_the_secret_and_its_key() -> None:
    from local.emulator.task_secrets import split

    arn = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{uuid.uuid4()}"
    assert split(f"{arn}:password::") == (arn, "password")
    assert split(arn) == (arn, "")
    assert split("name:password::") == ("name", "password")
    assert split("name") == ("name", "")
