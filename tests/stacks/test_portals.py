"""The portal at Amplify: which addresses are no files, what every answer carries, what stands before it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import build, flags
from stacks.assets import BuildError, portal
from stacks.portals import PAGES
from stacks.settings import CONFIG_FOLDER, load
from tests.stacks.assembly import Assembly, Resource
from tests.stacks.conftest import bundle


def only(assembly: Assembly, kind: str) -> Resource:
    (found,) = assembly.resources(kind)
    return found


def headers(assembly: Assembly) -> dict[str, dict[str, str]]:
    """Pattern → headers, as Amplify reads its YAML; in the order of the file."""
    app = only(assembly, "AWS::Amplify::App")
    found: dict[str, dict[str, str]] = {}
    name = ""
    for line in assembly.text(app.stack, app.properties["CustomHeaders"]).splitlines()[1:]:
        key, _, value = line.strip(" -").partition(": ")
        if key == "pattern":
            found[json.loads(value)] = {}
        elif key == "key":
            name = json.loads(value)
        elif key == "value":
            found[list(found)[-1]][name] = json.loads(value)
    return found


def test_the_config_is_the_member_apis_and_every_page_is_the_one_file(assembly: Assembly) -> None:
    app = only(assembly, "AWS::Amplify::App")
    config, pages = app.properties["CustomRules"]
    assert (config["Source"], config["Status"]) == ("/config.json", "200")
    target = assembly.text(app.stack, config["Target"])
    assert re.fullmatch(r"https://<MemberApi\w+>\.execute-api\.us-east-1\.<AWS::URLSuffix>/<\w+>/config", target), (
        target
    )
    assert pages == {"Source": "</^[^.]+$/>", "Target": "/index.html", "Status": "200"}
    page = re.compile(PAGES.strip("</>"))
    assert all(page.search(path) for path in ("/", "/orders/1", "/signed-in"))
    assert not any(page.search(path) for path in ("/assets/a-1.js", "/config.json", "/icon.svg"))


def test_every_answer_has_a_policy_that_allows_what_the_portal_talks_to_and_nothing_else(assembly: Assembly) -> None:
    every = headers(assembly)["**/*"]
    policy = dict(rule.split(" ", 1) for rule in every["Content-Security-Policy"].split("; "))
    assert {name: value for name, value in policy.items() if name != "connect-src"} == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self' blob: https:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "https://manager.loyalty.example",
    }
    itself, *hosts = policy["connect-src"].split()
    assert itself == "'self'"
    api, cognito, pages, *files = hosts
    assert re.fullmatch(r"https://<MemberApi\w+>\.execute-api\.us-east-1\.<AWS::URLSuffix>", api)
    assert cognito == "https://cognito-idp.us-east-1.<AWS::URLSuffix>"
    assert re.fullmatch(r"https://<Members\w+>\.auth\.us-east-1\.amazoncognito\.com", pages)
    assert [re.sub(r"\w+\.", "", host) for host in files] == ["https://<RegionalDomainName>", "https://<DomainName>"]


def test_every_answer_says_what_browsers_must_not_do_and_assets_never_change(assembly: Assembly) -> None:
    found = headers(assembly)
    assert list(found) == ["**/*", "/assets/*"], "where two patterns fit, the later one wins"
    every = found["**/*"]
    assert every["Strict-Transport-Security"].startswith("max-age=63072000")
    assert every["X-Content-Type-Options"] == "nosniff"
    assert every["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "camera=()" in every["Permissions-Policy"]
    assert "Cache-Control" not in every, "the config has its own"
    assert found["/assets/*"] == {"Cache-Control": "public, max-age=31536000, immutable"}


def test_a_new_bundle_and_new_headers_are_handed_over_and_nothing_else_may_be(assembly: Assembly) -> None:
    published, app = only(assembly, "Custom::PublishedPortal"), only(assembly, "AWS::Amplify::App")
    wanted = published.properties
    assert wanted["Headers"] == app.properties["CustomHeaders"]
    assert re.fullmatch(r"[0-9a-f]{64}\.zip", wanted["Key"])
    (role,) = [one for one in assembly.resources("AWS::IAM::Role") if one.id.startswith("PublishPortalRole")]
    allowed: dict[str, list[str]] = {}
    for statement in assembly.statements(role.stack, role.id):
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            if action.startswith(("s3:", "amplify:")):
                listed = resources if isinstance(resources, list) else [resources]
                allowed[action] = [assembly.text(role.stack, one) for one in listed]
    branch = "<PortalBranch.Arn>"
    assert allowed.pop("s3:GetObject")[0].endswith(f"/{wanted['Key']}")
    assert allowed == {"amplify:StartDeployment": [branch, f"{branch}/*"], "amplify:GetJob": [branch, f"{branch}/*"]}


def test_the_portal_answers_at_the_origin_of_the_config(assembly: Assembly) -> None:
    domain = only(assembly, "AWS::Amplify::Domain")
    assert domain.properties["DomainName"] == "rewards.loyalty.example"
    assert domain.properties["SubDomainSettings"] == [{"BranchName": "main", "Prefix": ""}]


def test_nothing_but_the_firewall_depends_on_the_portal(assembly: Assembly) -> None:
    readers = {
        name
        for name, template in assembly.templates.items()
        if '"StackName": "loyalty-full-portals"' in json.dumps(template)
    }
    assert readers == {"loyalty-full-edge"}


def test_the_firewall_of_the_portal_reaches_the_edge(assembly: Assembly) -> None:
    (acl,) = [one for one in assembly.resources("AWS::WAFv2::WebACL") if one.properties["Scope"] == "CLOUDFRONT"]
    (before,) = [one for one in assembly.resources("AWS::WAFv2::WebACLAssociation") if one.stack == acl.stack]
    assert acl.stack == "loyalty-full-edge"
    assert assembly.at(assembly.follow(before.stack, before.properties["ResourceArn"])).type == "AWS::Amplify::App"
    assert [one.stack for one in assembly.resources("AWS::WAFv2::LoggingConfiguration")].count(acl.stack) == 1


def test_amplify_may_ask_for_the_config_for_everybody(assembly: Assembly) -> None:
    """Its few addresses stand for all visitors: counted as one of them, they would be shut out."""
    path = {"ByteMatchStatement": {"SearchString": "/v1/config"}}
    (acl,) = [one for one in assembly.resources("AWS::WAFv2::WebACL") if "/v1/config" in json.dumps(one.properties)]
    rates = {rule["Name"]: _rate(rule) for rule in acl.properties["Rules"] if "RateBasedStatement" in rule["Statement"]}
    assert rates == {
        "TooManyForOthers": (60_000, path),
        "TooManyFromOneAddress": (2_000, {"NotStatement": {"Statement": path}}),
    }


def _rate(rule: dict[str, Any]) -> tuple[int, Any]:
    rate = rule["Statement"]["RateBasedStatement"]

    def short(statement: dict[str, Any]) -> dict[str, Any]:
        if "NotStatement" in statement:
            return {"NotStatement": {"Statement": short(statement["NotStatement"]["Statement"])}}
        match = statement["ByteMatchStatement"]
        assert (match["FieldToMatch"], match["PositionalConstraint"]) == ({"UriPath": {}}, "EXACTLY")
        return {"ByteMatchStatement": {"SearchString": match["SearchString"]}}

    return rate["Limit"], short(rate["ScopeDownStatement"])


def test_a_bundle_that_is_not_built_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="run `make web`"):
        portal(tmp_path)
    assert portal(bundle(tmp_path)) == tmp_path / "portal"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The trial's config in another region, with Amplify's own name; its stacks' environments by part."""
    folder = tmp_path_factory.mktemp("elsewhere")
    text = (CONFIG_FOLDER / "dev.toml").read_text().replace("us-east-1", "eu-central-1")
    text = text.replace(
        'portal_origin = "https://portal.dev.loyalty.example"', 'portal_origin = "https://main.d1.amplifyapp.com"'
    )
    (folder / "elsewhere.toml").write_text(text)
    app = cdk.App(context=flags(), outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
    build(app, load(folder / "elsewhere.toml"), bundle(folder))
    app.synth()
    return {
        "templates": Assembly.read(folder / "out"),
        "manifest": json.loads((folder / "out/manifest.json").read_text()),
    }


def test_the_edge_is_in_us_east_1_wherever_the_rest_is(elsewhere: dict[str, Any]) -> None:
    places = {
        name.removeprefix("loyalty-dev-"): artifact["environment"].rsplit("/", 1)[1]
        for name, artifact in elsewhere["manifest"]["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert places.pop("edge") == "us-east-1"
    assert set(places.values()) == {"eu-central-1"}
    association = only_at(elsewhere["templates"], "edge", "AWS::WAFv2::WebACLAssociation")
    assert association["ResourceArn"]["Fn::GetStackOutput"]["Region"] == "eu-central-1"


def only_at(assembly: Assembly, part: str, kind: str) -> dict[str, Any]:
    (found,) = [one.properties for one in assembly.resources(kind) if one.stack.endswith(part)]
    return found


def test_amplifys_own_name_needs_no_domain(elsewhere: dict[str, Any]) -> None:
    assert not list(elsewhere["templates"].resources("AWS::Amplify::Domain"))
