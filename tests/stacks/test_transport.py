"""TLS 1.2 or later on every way in, out and inside; whoever calls looks at who answers."""

from __future__ import annotations

import ast
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from tests.conftest import REPOSITORY
from tests.stacks.assembly import Assembly, listed
from tests.stacks.test_functions import runners

ROOMS = ("lambdas", "loyalty", "containers", "analytics", "stacks")
# What makes a client talk to whoever answers.
BLIND = {"CERT_NONE", "_create_unverified_context", "InsecureRequestWarning", "assert_hostname"}


def _denied(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Conditions of what everybody is refused."""
    return [
        statement.get("Condition", {})
        for statement in document["Statement"]
        if statement["Effect"] == "Deny" and statement["Principal"] in ({"AWS": "*"}, "*")
    ]


def _documents(assembly: Assembly, type_: str, of: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        assembly.follow(policy.stack, one)[:2]: policy.properties["PolicyDocument"]
        for policy in assembly.resources(type_)
        for one in listed(policy.properties[of])
    }


def test_a_bucket_takes_no_older_tls_and_no_plain_http(assembly: Assembly) -> None:
    policies = _documents(assembly, "AWS::S3::BucketPolicy", "Bucket")
    for bucket in assembly.resources("AWS::S3::Bucket"):
        denied = _denied(policies[bucket.stack, bucket.id])
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denied, str(bucket)
        assert {"Bool": {"aws:SecureTransport": "false"}} in denied, str(bucket)


# Their endpoints speak TLS 1.2 and later only; plain HTTP is what a policy has to refuse.
@pytest.mark.parametrize(
    ("kind", "policy", "of"),
    [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ],
)
def test_a_queue_and_a_topic_take_no_plain_http(assembly: Assembly, kind: str, policy: str, of: str) -> None:
    policies = _documents(assembly, policy, of)
    for one in assembly.resources(kind):
        denied = _denied(policies[one.stack, one.id])
        assert any(condition.get("Bool") == {"aws:SecureTransport": "false"} for condition in denied), str(one)


def test_a_door_takes_tls_1_2_with_forward_secrecy_at_least(assembly: Assembly) -> None:
    apis = list(assembly.resources("AWS::ApiGateway::RestApi"))
    assert len(apis) == 3
    for api in apis:
        assert api.properties["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_2_PFS"), str(api)
    for domain in assembly.resources("AWS::ApiGateway::DomainName"):
        assert domain.properties["SecurityPolicy"] != "TLS_1_0", str(domain)


def test_the_database_its_proxy_and_the_warehouse_take_tls_only(assembly: Assembly) -> None:
    (parameters,) = assembly.resources("AWS::RDS::DBClusterParameterGroup")
    assert parameters.properties["Parameters"]["rds.force_ssl"] == "1"
    (proxy,) = assembly.resources("AWS::RDS::DBProxy")
    assert proxy.properties["RequireTLS"] is True
    (workgroup,) = assembly.resources("AWS::RedshiftServerless::Workgroup")
    told = {one["ParameterKey"]: one["ParameterValue"] for one in workgroup.properties["ConfigParameters"]}
    assert told["require_ssl"] == "true"


def test_mail_comes_in_and_goes_out_by_tls_only(assembly: Assembly) -> None:
    for rule in assembly.resources("AWS::SES::ReceiptRule"):
        assert rule.properties["Rule"]["TlsPolicy"] == "Require", str(rule)
    mails = list(assembly.resources("AWS::SES::ConfigurationSet"))
    assert mails
    for one in mails:
        assert one.properties["DeliveryOptions"]["TlsPolicy"] == "REQUIRE", str(one)


def test_no_address_of_an_outside_party_is_plain(assembly: Assembly) -> None:
    for runner in runners(assembly):
        for name, value in runner.environment.items():
            assert not str(value).startswith("http://"), f"{runner.name}: {name}"


def test_python_and_urllib3_refuse_older_tls_and_unknown_certificates() -> None:
    for context in (ssl.create_default_context(), create_urllib3_context()):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
    assert ssl.create_default_context().check_hostname
    # A manager that is told nothing verifies.
    pool = urllib3.PoolManager().connection_from_url("https://amazon.example")
    assert isinstance(pool, urllib3.HTTPSConnectionPool)
    assert pool.cert_reqs in (None, "CERT_REQUIRED")


def test_no_code_of_ours_looks_away() -> None:
    found = list(_blind())
    assert found == []


def _blind() -> Iterator[str]:
    for room in ROOMS:
        for path in (REPOSITORY / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Attribute(attr=name) | ast.Name(id=name) if name in BLIND:
                        yield f"{path}: {name}"
                    case ast.keyword(arg="verify" | "check_hostname" | "use_ssl", value=ast.Constant(value=False)):
                        yield f"{path}: {node.arg}=False"
                    case ast.keyword(arg="cert_reqs"):
                        yield f"{path}: cert_reqs"
                    case ast.Assign(targets=[ast.Attribute(attr="check_hostname" | "verify_mode")]):
                        yield f"{path}: {ast.unparse(node)}"
