"""The web apps at Amplify: which addresses are no files, what every answer carries, what stands before them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import build, flags
from stacks.assets import BuildError
from stacks.assets import bundle as bundle_of
from stacks.portals import PAGES
from stacks.settings import CONFIG_FOLDER, load
from tests.stacks.assembly import Assembly, Resource
from tests.stacks.conftest import bundles

APPS = {"Portal": "Member", "Manager": "Manager"}


def only(assembly: Assembly, kind: str, id: str) -> Resource:
    (found,) = [one for one in assembly.resources(kind) if one.id == id]
    return found


def headers(assembly: Assembly, id: str = "Portal") -> dict[str, dict[str, str]]:
    """Pattern → headers, as Amplify reads its YAML; in the order of the file."""
    app = only(assembly, "AWS::Amplify::App", id)
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


@pytest.mark.parametrize(("id", "api"), APPS.items())
def test_the_config_is_its_apis_and_every_page_is_the_one_file(assembly: Assembly, id: str, api: str) -> None:
    app = only(assembly, "AWS::Amplify::App", id)
    config, pages = app.properties["CustomRules"]
    assert (config["Source"], config["Status"]) == ("/config.json", "200")
    target = assembly.text(app.stack, config["Target"])
    gateway = rf"https://<{api}Api\w+>\.execute-api\.us-east-1\.<AWS::URLSuffix>/<\w+>/config"
    assert re.fullmatch(gateway, target), target
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


def test_the_manager_app_may_show_the_portal_and_papers_and_nobody_may_show_it(assembly: Assembly) -> None:
    every = headers(assembly, "Manager")["**/*"]
    policy = dict(rule.split(" ", 1) for rule in every["Content-Security-Policy"].split("; "))
    portal, *papers = policy["frame-src"].split()
    assert (portal, policy["frame-ancestors"]) == ("https://rewards.loyalty.example", "'none'")
    assert [re.sub(r"\w+\.", "", host) for host in papers] == ["https://<RegionalDomainName>", "https://<DomainName>"]
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    api, _, pages = policy["connect-src"].split()[1:4]
    assert re.fullmatch(r"https://<ManagerApi\w+>\.execute-api\.us-east-1\.<AWS::URLSuffix>", api)
    assert re.fullmatch(r"https://<Staff\w+>\.auth\.us-east-1\.amazoncognito\.com", pages)


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


def test_new_bundles_and_new_headers_are_handed_over_and_nothing_else_may_be(assembly: Assembly) -> None:
    keys = []
    for id in APPS:
        wanted = only(assembly, f"Custom::Published{id}", f"Published{id}").properties
        assert wanted["Headers"] == only(assembly, "AWS::Amplify::App", id).properties["CustomHeaders"]
        assert assembly.follow("loyalty-full-portals", wanted["App"]).id == id
        assert re.fullmatch(r"[0-9a-f]{64}\.zip", wanted["Key"])
        keys.append(wanted["Key"])
    assert len(set(keys)) == len(APPS)
    (role,) = [one for one in assembly.resources("AWS::IAM::Role") if one.id.startswith("PublishPortalRole")]
    allowed: dict[str, list[str]] = {}
    for statement in assembly.statements(role.stack, role.id):
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            if action.startswith(("s3:", "amplify:")):
                listed = resources if isinstance(resources, list) else [resources]
                allowed.setdefault(action, []).extend(assembly.text(role.stack, one) for one in listed)
    branches = {f"<{id}Branch.Arn>{below}" for id in APPS for below in ("", "/*")}
    assert {one.rpartition("/")[2] for one in allowed.pop("s3:GetObject")} == set(keys)
    assert {action: set(resources) for action, resources in allowed.items()} == {
        "amplify:StartDeployment": branches,
        "amplify:GetJob": branches,
    }


@pytest.mark.parametrize(("id", "host"), [("Portal", "rewards"), ("Manager", "manager")])
def test_the_apps_answer_at_the_origins_of_the_config(assembly: Assembly, id: str, host: str) -> None:
    domain = only(assembly, "AWS::Amplify::Domain", f"{id}Domain")
    assert domain.properties["DomainName"] == f"{host}.loyalty.example"
    assert domain.properties["SubDomainSettings"] == [{"BranchName": "main", "Prefix": ""}]


def test_nothing_but_the_firewall_depends_on_the_apps(assembly: Assembly) -> None:
    readers = {
        name
        for name, template in assembly.templates.items()
        if '"StackName": "loyalty-full-portals"' in json.dumps(template)
    }
    assert readers == {"loyalty-full-edge"}


def test_the_firewall_of_the_apps_reaches_the_edge(assembly: Assembly) -> None:
    (acl,) = [one for one in assembly.resources("AWS::WAFv2::WebACL") if one.properties["Scope"] == "CLOUDFRONT"]
    before = [one for one in assembly.resources("AWS::WAFv2::WebACLAssociation") if one.stack == acl.stack]
    assert acl.stack == "loyalty-full-edge"
    apps = [assembly.at(assembly.follow(one.stack, one.properties["ResourceArn"])) for one in before]
    assert [(app.type, app.id) for app in apps] == [("AWS::Amplify::App", id) for id in APPS]
    assert [one.stack for one in assembly.resources("AWS::WAFv2::LoggingConfiguration")].count(acl.stack) == 1


def test_amplify_may_ask_for_the_config_for_everybody(assembly: Assembly) -> None:
    """Its few addresses stand for all visitors: counted as one of them, they would be shut out."""
    path = {"ByteMatchStatement": {"SearchString": "/v1/config"}}
    acls = [one for one in assembly.resources("AWS::WAFv2::WebACL") if "/v1/config" in json.dumps(one.properties)]
    assert sorted(acl.stack for acl in acls) == ["loyalty-full-api", "loyalty-full-manager"]
    for acl in acls:
        rates = [rule for rule in acl.properties["Rules"] if "RateBasedStatement" in rule["Statement"]]
        # Amplify sends no token, so the count by token is none of its business.
        rules = [rule for rule in rates if rule["Name"] != "TooManyFromOneClient"]
        assert {rule["Name"]: _rate(rule) for rule in rules} == {
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
        bundle_of(tmp_path)
    assert bundle_of(bundles(tmp_path) / "manager") == tmp_path / "manager"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The trial's config in another region, with Amplify's own name; its stacks' environments by part."""
    folder = tmp_path_factory.mktemp("elsewhere")
    text = (CONFIG_FOLDER / "dev.toml").read_text().replace("us-east-1", "eu-central-1")
    for name in ("portal", "manager"):
        text = text.replace(
            f'{name}_origin = "https://{name}.dev.loyalty.example"',
            f'{name}_origin = "https://main.{name}.amplifyapp.com"',
        )
    (folder / "elsewhere.toml").write_text(text)
    app = cdk.App(context=flags(), outdir=str(folder / "out"), builtin_cloud_formation_validation=False)
    build(app, load(folder / "elsewhere.toml"), bundles(folder))
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
    associations = [
        one for one in elsewhere["templates"].resources("AWS::WAFv2::WebACLAssociation") if one.stack.endswith("edge")
    ]
    regions = [one.properties["ResourceArn"]["Fn::GetStackOutput"]["Region"] for one in associations]
    assert regions == ["eu-central-1"] * len(APPS)


def test_amplifys_own_name_needs_no_domain(elsewhere: dict[str, Any]) -> None:
    assert not list(elsewhere["templates"].resources("AWS::Amplify::Domain"))
