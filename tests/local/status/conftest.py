"""The back room over the stand-ins alone: no database, no emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx
import pytest

from local.connected import Connected
from local.ports import Ports
from local.status.server import StatusServer
from tests.simulators.amazon_business.running import Simulator, running
from tests.simulators.amazon_pay.running import AmazonPayStandIn, amazon_pay
from tests.simulators.erp.running import ErpStandIn, erp_stand_in
from tests.simulators.glue.running import GlueStandIn, glue_stand_in
from tests.simulators.redshift.running import RedshiftStandIn, redshift_stand_in
from tests.simulators.sagemaker.running import SageMakerStandIn, sagemaker_stand_in
from tests.simulators.stripe.running import StripeStandIn, stripe_stand_in
from tests.simulators.textract.running import TextractStandIn, textract_stand_in

# What the deployment would have told.
OUTPUTS = {
    "MemberPoolId": "pool", "StaffPoolId": "staff", "MemberApiId": "m", "ManagerApiId": "g", "InboundApiId": "i",
    "ReconciliationFunctionName": "reconciliation",
    "LakeMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:night",
    "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:engine",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """A cloud of which only the stand-ins run, or not even those."""

    cloud: Connected
    browser: httpx.Client


@contextmanager
def house(cloud: Connected) -> Iterator[House]:
    cloud.state.mkdir(parents=True, exist_ok=True)
    (cloud.state / "outputs.json").write_text(json.dumps({"stack": OUTPUTS}))
    server = StatusServer(cloud)
    server.start()
    with httpx.Client(base_url=cloud.status_page, timeout=30) as browser:
        yield House(cloud, browser)
    server.stop()


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("business")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def pay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonPayStandIn]:
    with amazon_pay(tmp_path_factory.mktemp("pay") / "pay.sqlite") as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeStandIn]:
    with stripe_stand_in(tmp_path_factory.mktemp("stripe") / "stripe.sqlite") as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def textract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TextractStandIn]:
    with textract_stand_in(tmp_path_factory.mktemp("textract") / "textract.sqlite", {}) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ErpStandIn]:
    with erp_stand_in(tmp_path_factory.mktemp("erp") / "erp.sqlite") as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlueStandIn]:
    with glue_stand_in(tmp_path_factory.mktemp("glue") / "glue.sqlite") as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def redshift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftStandIn]:
    with redshift_stand_in(tmp_path_factory.mktemp("redshift"), {}) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def sagemaker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMakerStandIn]:
    with sagemaker_stand_in(tmp_path_factory.mktemp("sagemaker") / "sagemaker.sqlite", {}) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def room(
    tmp_path_factory: pytest.TempPathFactory,
    business: Simulator,
    pay: AmazonPayStandIn,
    stripe: StripeStandIn,
    textract: TextractStandIn,
    erp: ErpStandIn,
    glue: GlueStandIn,
    redshift: RedshiftStandIn,
    sagemaker: SageMakerStandIn,
) -> Iterator[House]:
    """The stand-ins run, the rest is down."""
    ports = replace(
        Ports.free(),
        amazon_business=_port(business.url),
        amazon_pay=_port(pay.base_url),
        stripe=_port(stripe.base_url),
        textract=_port(textract.base_url),
        erp=_port(erp.base_url),
        glue=_port(glue.base_url),
        redshift=_port(redshift.base_url),
        sagemaker=_port(sagemaker.base_url),
    )
    with house(Connected(tmp_path_factory.mktemp("state"), ports)) as made:
        yield made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Nothing runs at all."""
    with house(Connected(tmp_path_factory.mktemp("state"), Ports.free())) as made:
        yield made


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
