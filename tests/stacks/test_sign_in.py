"""Signing in: what Cognito does about stolen passwords and strange places where it is paid for: in production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loyalty.programme.document import Programme
from loyalty.programme.publishing import INITIAL, _merged
from stacks.database import _programme_overrides
from stacks.settings import CONFIG_FOLDER, SettingsError, load
from tests.stacks.assembly import Assembly
from tests.stacks.conftest import bundles, synthesised


def test_production_looks_for_takeovers_and_staff_have_a_second_factor_there() -> None:
    for name in ("prod", "full"):
        identity = load(CONFIG_FOLDER / f"{name}.toml").identity
        assert identity.threat_protection, name
        assert identity.staff_mfa == "required", name
        assert not identity.password_sign_in, name


def test_both_pools_look_for_takeovers_and_answer_them(assembly: Assembly) -> None:
    pools = list(assembly.resources("AWS::Cognito::UserPool"))
    assert len(pools) == 2
    answered = {
        assembly.follow(one.stack, one.properties["UserPoolId"]).id: one.properties
        for one in assembly.resources("AWS::Cognito::UserPoolRiskConfigurationAttachment")
    }
    for pool in pools:
        assert pool.properties["UserPoolTier"] == "PLUS", str(pool)
        assert pool.properties["UserPoolAddOns"]["AdvancedSecurityMode"] == "ENFORCED", str(pool)
        risks = answered[pool.id]
        assert risks["ClientId"] == "ALL"
        stolen = risks["CompromisedCredentialsRiskConfiguration"]
        assert stolen["Actions"]["EventAction"] == "BLOCK"
        assert set(stolen["EventFilter"]) == {"SIGN_IN", "PASSWORD_CHANGE", "SIGN_UP"}
        taken = risks["AccountTakeoverRiskConfiguration"]["Actions"]
        assert taken["HighAction"]["EventAction"] == "BLOCK"
        assert taken["MediumAction"]["EventAction"] == "MFA_IF_CONFIGURED"


def test_passwords_are_long_recovered_by_mail_only_and_nobody_learns_who_has_an_account(assembly: Assembly) -> None:
    for pool in assembly.resources("AWS::Cognito::UserPool"):
        policy = pool.properties["Policies"]["PasswordPolicy"]
        assert policy["MinimumLength"] >= 12, str(pool)
        assert pool.properties["AccountRecoverySetting"]["RecoveryMechanisms"] == [
            {"Name": "verified_email", "Priority": 1}
        ]
        assert pool.properties["DeletionProtection"] == "ACTIVE", str(pool)
    for client in assembly.resources("AWS::Cognito::UserPoolClient"):
        if client.properties["AllowedOAuthFlows"] == ["code"]:
            assert client.properties["PreventUserExistenceErrors"] == "ENABLED", str(client)
        assert client.properties["EnableTokenRevocation"] is True, str(client)


def test_letters_of_takeovers_want_somebody_who_looks_for_them(tmp_path: Path) -> None:
    text = (CONFIG_FOLDER / "prod.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("threat_protection = true", "threat_protection = false\ntakeover_mails = true"))
    with pytest.raises(SettingsError, match=r"mine\.toml:\d+: identity\.takeover_mails: nobody looks for takeovers"):
        load(path)


def test_production_asks_for_a_code_above_so_many_points_and_empties_no_account_at_once() -> None:
    for name in ("prod", "full"):
        overrides = _programme_overrides(load(CONFIG_FOLDER / f"{name}.toml"))
        for initial in ("main", "canary"):
            merged = _merged(json.loads((INITIAL / f"{initial}.json").read_text()), overrides)
            document = Programme.model_validate_json(json.dumps(merged))
            (rule,) = [one for one in document.screening.rules if one.when == "points_spent"]
            assert (rule.action, rule.hours) == ("step_up", 24), name
            assert document.points.held_daily_limit is not None
            assert rule.over is not None
            assert rule.over < document.points.held_daily_limit, name


def test_a_limit_below_what_asks_for_a_code_is_refused(tmp_path: Path) -> None:
    text = (CONFIG_FOLDER / "prod.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("points_per_day = 1_000_000", "points_per_day = 1_000"))
    with pytest.raises(SettingsError, match=r"mine\.toml:\d+: programme\.points_per_day: nobody is asked above"):
        load(path)


@pytest.mark.large
def test_who_wants_them_has_letters_of_takeovers_from_the_programmes_own_address(tmp_path: Path) -> None:
    text = (CONFIG_FOLDER / "prod.toml").read_text()
    path = tmp_path / "prod.toml"
    path.write_text(text.replace("threat_protection = true", "threat_protection = true\ntakeover_mails = true"))
    for folder in ("web", "out"):
        (tmp_path / folder).mkdir()
    found = synthesised(str(path.with_suffix("")), tmp_path / "out", bundles(tmp_path / "web"))
    for one in found.resources("AWS::Cognito::UserPoolRiskConfigurationAttachment"):
        taken = one.properties["AccountTakeoverRiskConfiguration"]
        assert all(answer["Notify"] for answer in taken["Actions"].values())
        assert taken["NotifyConfiguration"]["From"] == "rewards@loyalty.example"
        assert taken["NotifyConfiguration"]["SourceArn"].endswith(":identity/loyalty.example")
