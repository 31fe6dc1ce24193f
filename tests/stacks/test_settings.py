"""An operator's mistake is named by file, line and key; all of them at once; nothing else is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER, REPOSITORY, SettingsError, load
from tests.stacks.conftest import bundles


def changed(folder: Path, *replacements: tuple[str, str], based_on: str = "prod") -> Path:
    text = (CONFIG_FOLDER / f"{based_on}.toml").read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def _line(path: Path, start: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(start))


def _refused(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(path)
    return str(refused.value).splitlines()


@pytest.mark.parametrize("environment", [path.stem for path in sorted(CONFIG_FOLDER.glob("*.toml"))])
def test_every_config_here_is_accepted_and_says_its_own_name(environment: str) -> None:
    assert load(CONFIG_FOLDER / f"{environment}.toml").deployment.name == environment


def test_a_wrong_type_is_named_by_file_line_key_and_value(tmp_path: Path) -> None:
    path = changed(tmp_path, ("max_acu = 64", 'max_acu = "lots"'))
    assert _refused(path) == [
        f"{path}:{_line(path, 'max_acu')}: database.max_acu: Input should be a valid number (got 'lots')"
    ]


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("max_acu = 64", 'max_acu = "lots"'),
        ("backup_days = 35", "backup_days = 99"),
        ("rate_limit = 500", "rate_limt = 500"),
        ('"us-east-1b", "us-east-1c"', '"us-east-1b"'),
        ("cpu = 512\nmemory_mb = 1024\nmin_tasks", "cpu = 512\nmemory_mb = 999\nmin_tasks"),
    )
    keys = {line.split(": ")[1] for line in _refused(path)}
    assert keys == {
        "database.max_acu",
        "database.backup_days",
        "api.rate_limt",
        "network.availability_zones",
        "network.nat_gateways",
        "lake.enabled",
        "services.payments.memory_mb",
    }


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        (', "us-east-1c"', "", "network.availability_zones", "at least 3"),
        ('"us-east-1c"', '"us-east-1a"', "network.availability_zones", "twice"),
        ('"us-east-1c"', '"eu-west-1c"', "network.availability_zones", "not in us-east-1"),
        ("nat_gateways = 3", "nat_gateways = 0", "network.nat_gateways", "at least 1"),
        ("min_acu = 2", "min_acu = 0", "database.min_acu", "never pauses behind a proxy"),
        ("min_acu = 2", "min_acu = 65", "database.min_acu", "more than max_acu"),
        ("min_acu = 2", "min_acu = 1.3", "database.min_acu", "steps of 0.5"),
        ("readers = 1", "readers = 0", "database.readers", "fail over"),
        ("readers = 1", "readers = 5", "database.max_readers", "less than readers"),
        ("readers = 1", "readers = 0", "database.max_readers", "readers is at least 1"),
        ('copy_region = ""', 'copy_region = "us-east-1"', "database.copy_region", "own region"),
        ("proxy = true", 'proxy = false\nauthentication = "password"', "database.authentication", "uses iam"),
        ("proxy = true", 'proxy = true\nauthentication = "password"', "database.authentication", "IAM tokens only"),
        ('mode = "serverless"', 'mode = "provisioned"\ninstance_class = "r7i.large"', "database.instance_class", "r8g"),
        ("threat_protection = true", 'staff_mfa = "off"', "identity.staff_mfa", "requires it"),
        ("threat_protection = true", "password_sign_in = true", "identity.password_sign_in", "demonstrations"),
        ("https://rewards.loyalty.example/signed-in", "http://portal/", "identity.member_callback_urls.0", "https"),
        ('operator_emails = ["operators@loyalty.example"]', "", "messaging.operator_emails", "somebody to tell"),
        ("burst_limit = 1000", "burst_limit = 100", "api.burst_limit", "less than rate_limit"),
        ("reserved_concurrency = 0", "reserved_concurrency = 99", "api.reserved_concurrency", "at least 100"),
        ("reserved_concurrency = 0", "reserved_concurrency = 3751", "api.reserved_concurrency", "more than the 3750"),
        ("cache_gb = 0.5", "cache_gb = 0.6", "api.cache_gb", "API Gateway sells"),
        ("cache_gb = 0.5", "costly_burst_limit = 10", "api.costly_burst_limit", "less than costly_rate_limit"),
        (
            *("cache_gb = 0.5", "costly_rate_limit = 600\ncostly_burst_limit = 600"),
            *("api.costly_rate_limit", "more than rate_limit"),
        ),
        (
            *("cache_gb = 0.5", "requests_per_person = 5000"),
            *("api.requests_per_person", "more than requests_per_address"),
        ),
        ("log_retention_days = 365", "log_retention_days = 100", "observability.log_retention_days", "CloudWatch"),
        ("[services.orders]", "[services.orders]\nmax_tasks = 3", "services.orders.max_tasks", "fixed count"),
        ('"https://pay-api.amazon.com"', '"http://pay-api.amazon.com"', "integrations.amazon_pay_url", "https"),
        ("durable = true", "durable = true\nchecks = false", "deployment.checks", "is checked"),
        ('"us-east-1c"', '"us-east-1"', "network.availability_zones", "not in us-east-1"),
        ("[network]", '[network]\ncidr = "10.40.0.0/20"', "network.cidr", "19 times a /24"),
        ("[network]", '[network]\ncidr = "10.40.0.1/16"', "network.cidr", "no network"),
        ("loyalty-rewards", "amazon-rewards", "identity.domain_prefix", "Cognito refuses"),
        ('"https://manager.loyalty.example"', '"https://*"', "integrations.manager_origin", "pattern"),
        ('["operators@loyalty.example"]', '["operators"]', "messaging.operator_emails.0", "pattern"),
        ("[schedules]", "[schedules]\nsweeper_minutes = 0", "schedules.sweeper_minutes", "never start"),
        ('hosting = "amplify"', 'hosting = "s3"', "portals.hosting", "'amplify' or 'none'"),
        ('"https://rewards.loyalty.example"', '"https://x.example:8443"', "integrations.portal_origin", "hosting"),
        ('"https://manager.loyalty.example"', '"http://x.example"', "integrations.manager_origin", "hosting"),
        ("[identity]", '[identity]\nauthority_url = "http://localhost:1"', "identity.authority_url", "laptop's"),
        ("[identity]", '[identity]\nauthority_url = "https://my.example"', "identity.authority_url", "pattern"),
        ("[layer]", '[layer]\nplatform = "host"', "layer.platform", "laptop"),
    ],
)  # fmt: skip
def test_what_aws_or_sense_refuses_together_is_refused_here(
    tmp_path: Path, old: str, new: str, key: str, why: str
) -> None:
    refusals = [line for line in _refused(changed(tmp_path, (old, new))) if f" {key}: " in line]
    assert refusals, key
    assert any(why in line for line in refusals), refusals


def test_a_missing_or_unknown_section_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path, ("[engine]", "[engin]"))
    assert _refused(path) == [
        f"{path}: engine: this section is missing",
        f"{path}:{_line(path, '[engin]')}: engin: there is no such section",
    ]


def test_broken_toml_and_a_missing_file_are_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[deployment]\nname = \n")
    (refusal,) = _refused(path)
    assert refusal.startswith(f"{path}:2: ")
    assert "local" in _refused(tmp_path / "none.toml")[0]


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    settings = load(CONFIG_FOLDER / "prod.toml")
    with pytest.raises(ValueError, match="frozen"):
        settings.database.readers = 5  # type: ignore[misc]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_cloud_config_passes_cdk_nag_and_cloudformations_schemas(environment: str, tmp_path: Path) -> None:
    done = _synth(tmp_path, f"env={environment}")
    assert done.returncode == 0, done.stderr


def test_synth_ends_with_1_and_no_traceback(tmp_path: Path) -> None:
    path = changed(tmp_path, ("max_acu = 64", 'max_acu = "lots"'))
    done = _synth(tmp_path, f"config={path}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"{path}:")
    assert "Traceback" not in done.stderr


def test_without_the_portals_bundle_synth_says_what_to_type(tmp_path: Path) -> None:
    done = _synth(tmp_path, "env=prod", web=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"the portal's bundle is not in {tmp_path / 'portal'}: run `make web`"


def test_the_section_of_portals_may_be_left_out(tmp_path: Path) -> None:
    path = changed(tmp_path, ('[portals]\nhosting = "amplify"\n', ""))
    assert load(path).portals.hosting == "amplify"


def _synth(folder: Path, context: str, *, web: bool = True) -> subprocess.CompletedProcess[str]:
    """`python app.py -c context` into `folder`, without anything of AWS in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    return subprocess.run(
        [sys.executable, "app.py", "-c", context, "-c", f"bundles={bundles(folder) if web else folder}"],
        cwd=REPOSITORY,
        env={**environment, "CDK_OUTDIR": str(folder / "out")},
        capture_output=True,
        text=True,
        check=False,
    )
