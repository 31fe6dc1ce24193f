"""The gateway keeps what is the same for all, by all that the function reads; costly routes are asked less often."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from stacks import routes
from tests.stacks.assembly import Assembly, Resource
from tests.stacks.test_api import _methods

KEPT = {(route.method, route.path): route for route in routes.MEMBER if route.shared_by is not None}
EVERY = {"Member": routes.MEMBER, "Manager": routes.MANAGER, "Inbound": routes.INBOUND}


def _stage(assembly: Assembly, api: str) -> Resource:
    return next(
        stage
        for stage in assembly.resources("AWS::ApiGateway::Stage")
        if assembly.follow(stage.stack, stage.properties["RestApiId"]).id.startswith(api)
    )


def _settings(stage: Resource) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for one in stage.properties["MethodSettings"]:
        yield one["HttpMethod"], "/" + one["ResourcePath"].lstrip("/").replace("~1", "/").lstrip("/"), one


def test_only_gets_of_the_table_are_kept_encrypted_and_not_for_long(assembly: Assembly) -> None:
    stage = _stage(assembly, "Member")
    assert (stage.properties["CacheClusterEnabled"], stage.properties["CacheClusterSize"]) == (True, "0.5")
    kept = {(verb, path): one for verb, path, one in _settings(stage) if one.get("CachingEnabled")}
    assert set(kept) == set(KEPT)
    assert {verb for verb, _ in kept} == {"GET"}
    for where, one in kept.items():
        assert one["CacheDataEncrypted"] is True, where
        assert one["CacheTtlInSeconds"] == 20, where


@pytest.mark.parametrize("api", ["Manager", "Inbound"])
def test_nothing_of_staff_or_partners_is_kept(assembly: Assembly, api: str) -> None:
    stage = _stage(assembly, api)
    assert not stage.properties.get("CacheClusterEnabled")
    assert not [one for *_, one in _settings(stage) if one.get("CachingEnabled")]
    assert all(route.shared_by is None for route in EVERY[api])


def test_the_laptop_keeps_nothing(laptop: Assembly) -> None:
    for stage in laptop.resources("AWS::ApiGateway::Stage"):
        assert not stage.properties.get("CacheClusterEnabled"), str(stage)
        assert not [one for *_, one in _settings(stage) if one.get("CachingEnabled")], str(stage)


def test_whose_token_it_is_is_asked_before_what_is_kept(assembly: Assembly) -> None:
    found = {(method.verb, method.path): method for method in _methods(assembly) if method.api == "Member"}
    for where, route in KEPT.items():
        properties = found[where].resource.properties
        if route.public:
            assert route.path == "/brand/logos/{digest}", "what is public and kept is named by its content"
            continue
        assert properties["AuthorizationType"] == "COGNITO_USER_POOLS", where
        assert properties["AuthorizationScopes"] == ["loyalty/member"], where


@pytest.mark.parametrize("where", KEPT, ids=" ".join)
def test_a_kept_answer_is_found_by_all_that_the_function_reads(
    assembly: Assembly, where: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (method,) = [one for one in _methods(assembly) if (one.verb, one.path) == where and one.api == "Member"]
    key = set(method.resource.properties["Integration"]["CacheKeyParameters"])
    # The gateway finds by nothing that is not declared of the method as well.
    assert key == set(method.resource.properties["RequestParameters"])
    assert key == {f"method.request.{place}.{name}" for place, name in _read(where, monkeypatch)}


def _read(where: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """What the function's own document says that it reads of such a request."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "member_api")
    app = importlib.import_module("lambdas.member_api").app
    verb, path = where
    operation = json.loads(app.get_openapi_json_schema())["paths"][path][verb.lower()]
    places = {"path": "path", "query": "querystring", "header": "header"}
    return {(places[one["in"]], one["name"]) for one in operation.get("parameters", [])}


def test_the_function_and_the_gateway_agree_on_what_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "member_api")
    paths = json.loads(importlib.import_module("lambdas.member_api").app.get_openapi_json_schema())["paths"]
    said = {
        (verb.upper(), path)
        for path, operations in paths.items()
        for verb, operation in operations.items()
        if operation.get("x-shared")
    }
    assert said == set(KEPT)


def test_who_may_not_have_a_kept_answer_forgotten_is_refused(assembly: Assembly) -> None:
    (refused,) = assembly.resources("Custom::InvalidationRefused")
    stage = _stage(assembly, "Member")
    assert set(refused.properties["Methods"]) == {f"{path}/{verb}" for verb, path in KEPT}
    assert assembly.follow(refused.stack, refused.properties["Stage"]).id == stage.id
    dependencies = assembly.templates[refused.stack]["Resources"][refused.id]["DependsOn"]
    assert stage.id in dependencies, "a stage that is made anew forgets the setting"


def test_costly_routes_are_asked_less_often_than_others(assembly: Assembly) -> None:
    costly = {(route.method, route.path) for table in EVERY.values() for route in table if route.costly}
    assert {("POST", "/quotes"), ("POST", "/redemptions"), ("GET", "/recommendations")} <= costly
    limits = {}
    for api in EVERY:
        for verb, path, one in _settings(_stage(assembly, api)):
            if verb != "*":
                limits[verb, path] = (one["ThrottlingRateLimit"], one["ThrottlingBurstLimit"])
    assert {where for where, limit in limits.items() if limit == (50, 100)} == costly
    assert {limit for where, limit in limits.items() if where not in costly} == {(500, 1000)}


def test_who_is_throttled_is_told_when_to_come_back(assembly: Assembly) -> None:
    told = [
        one
        for one in assembly.resources("AWS::ApiGateway::GatewayResponse")
        if one.properties["ResponseType"] == "THROTTLED"
    ]
    assert len(told) == 3
    for one in told:
        body = json.loads(one.properties["ResponseTemplates"]["application/json"])
        assert (body["status"], body["code"]) == (429, "too-many-requests"), str(one)
        parameters = one.properties["ResponseParameters"]
        assert parameters["gatewayresponse.header.Retry-After"] == "'1'", str(one)
        if "gatewayresponse.header.Access-Control-Allow-Origin" in parameters:
            assert parameters["gatewayresponse.header.Access-Control-Expose-Headers"] == "'Retry-After'", str(one)


def test_answers_go_compressed_over_the_wire(assembly: Assembly) -> None:
    for api in assembly.resources("AWS::ApiGateway::RestApi"):
        assert 0 < api.properties["MinimumCompressionSize"] <= 10_000, str(api)
