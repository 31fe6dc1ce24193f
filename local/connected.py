"""A running local cloud as its users see it: addresses, clients, tokens, the database, the clock."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from local import postgres
from local.emulator.settings import ACCOUNT, REGION
from local.plain import PLAIN
from local.ports import Ports
from loyalty.database import Connection, DatabaseSettings, connect

# Where `make run` keeps its state; tests use folders of their own.
STATE = Path(__file__).resolve().parent.parent / ".local"
DATABASE = "loyalty"
OWNER = "loyalty_owner"
STAGE = "v1"


class NotRunning(Exception):
    """No local cloud runs for this state folder."""


@dataclass
class Connected:
    """The cloud of a state folder. Nothing here starts or ends anything."""

    state: Path
    ports: Ports
    _clients: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def to(cls, state: Path) -> Connected:
        """The cloud that runs for `state`. Raises NotRunning."""
        file = state / "connection.json"
        if file.exists():
            connected = cls(state, Ports(**json.loads(file.read_text())["ports"]))
            if connected.answers():
                return connected
        raise NotRunning(f"no local cloud runs for {state}: start it with `make run`")

    def answers(self) -> bool:
        """Whether the gateway answers."""
        try:
            return httpx.get(f"{self.gateway}/_local/placeholders", timeout=3, verify=PLAIN).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def gateway(self) -> str:
        """Everything of AWS, Cognito's pages too. Browsers need the name: callback URLs are compared as text."""
        return f"http://localhost:{self.ports.gateway}"

    @property
    def status_page(self) -> str:
        return f"http://localhost:{self.ports.status}"

    @property
    def portal(self) -> str:
        """The members' portal, by the name that its callback URLs have."""
        return f"http://localhost:{self.ports.portal}"

    @property
    def manager(self) -> str:
        """The manager app, by the name that its callback URLs have."""
        return f"http://localhost:{self.ports.manager}"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The config that it was deployed with."""
        return tomllib.loads((self.state / "config.toml").read_text())

    def simulator(self, name: str) -> str:
        """The address of `amazon_business`, `amazon_pay`, `stripe`, `textract`, `erp`, `glue`, `redshift` or
        `sagemaker`."""
        return f"http://127.0.0.1:{self.ports.named()[name]}"

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Every stack's outputs by their name."""
        stacks = json.loads((self.state / "outputs.json").read_text())
        return {name: value for outputs in stacks.values() for name, value in outputs.items()}

    def api(self, name: str) -> str:
        """The address of the `Member`, `Manager` or `Inbound` API; the output's own is AWS's."""
        return f"{self.gateway}/_aws/execute-api/{self.outputs[f'{name}ApiId']}/{STAGE}"

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        if service not in self._clients:
            self._clients[service] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=f"http://127.0.0.1:{self.ports.gateway}",
                region_name=REGION,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="local",  # noqa: S106 - the emulator takes any
                config=Config(inject_host_prefix=False, retries={"max_attempts": 1}, read_timeout=900),
            )
        return self._clients[service]

    def emulator(self, method: str, path: str) -> Any:
        """The emulator's own door, `/_local/…` and `/_ministack/…`."""
        answer = httpx.request(method, f"{self.gateway}{path}", timeout=60, verify=PLAIN)
        answer.raise_for_status()
        return answer.json()

    def mails(self) -> list[dict[str, Any]]:
        """The captured e-mails, oldest first: To, Subject, BodyText, BodyHtml, Timestamp (epoch seconds)."""
        messages: list[dict[str, Any]] = self.emulator("GET", "/_ministack/ses/messages")["messages"].get(ACCOUNT, [])
        return messages

    def texts(self) -> list[dict[str, Any]]:
        """The captured SMS: PhoneNumber, Message, MessageAttributes, Timestamp; oldest first for each number."""
        found: dict[str, Any] = self.emulator("GET", "/_ministack/sns/sms-messages")["sms_messages"]
        return [sms for ones in found.values() for sms in ones]

    def function_log(self, function: str, containing: str = "") -> list[dict[str, Any]]:
        """A function's log events, oldest first: message and timestamp (epoch milliseconds)."""
        configuration = self.client("lambda").get_function_configuration(FunctionName=function)
        group = (configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{function}"
        logs = self.client("logs")
        try:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group, **({"filterPattern": f'"{containing}"'} if containing else {})
            )
            events: list[dict[str, Any]] = pages.build_full_result()["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event for event in events if containing in event["message"]]

    def placeholders(self) -> dict[str, list[str]]:
        """CloudFormation type → resources that are recorded and nothing else."""
        found: dict[str, list[str]] = self.emulator("GET", "/_local/placeholders")
        return found

    def counted_resources(self) -> int:
        """How many resources all stacks have."""
        cloudformation = self.client("cloudformation")
        stacks = cloudformation.get_paginator("describe_stacks").paginate().build_full_result()["Stacks"]
        return sum(
            len(cloudformation.describe_stack_resources(StackName=stack["StackName"])["StackResources"])
            for stack in stacks
        )

    def database(self, role: str = postgres.SUPERUSER) -> Connection:
        """A connection; by default as the superuser, who may see everything."""
        return connect(DatabaseSettings("127.0.0.1", self.ports.database, DATABASE, role, sslmode="disable"))

    @contextmanager
    def query(self) -> Iterator[Connection]:
        """A superuser's connection that is closed again."""
        with self.database() as connection:
            yield connection
