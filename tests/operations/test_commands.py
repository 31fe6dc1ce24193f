"""What the handbook tells somebody to type is there: targets, modules, calls, options; and it runs where it can."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from stacks.settings import CONFIG_FOLDER, REPOSITORY
from tests.operations.handbook import (
    FILL,
    FOLDER,
    OF_THE_CLI,
    PAGES,
    PROGRAMS,
    AwsCall,
    Command,
    aws_call,
    blocks,
    commands,
    is_bytes,
    is_switch,
    required,
)

# What a reader fills in himself, and what stands for it here.
YOURS = {
    "account": "111111111111",
    "region": "us-east-1",
    "environment": "prod",
    "revision": "HEAD",
    "arn": "arn:aws:secretsmanager:us-east-1:111111111111:secret:x",
    "arn of the dead letters": "arn:aws:sqs:us-east-1:111111111111:x",
    "arn of the queue": "arn:aws:sqs:us-east-1:111111111111:y",
    "event id": "01939fb0-0000-7000-8000-000000000000",
    "e-mail": "ada@loyalty.example",
    "image": f"111111111111.dkr.ecr.us-east-1.amazonaws.com/loyalty-prod/orders@sha256:{'a' * 64}",
    "logical id": "Files",
    "part": "api",
    "the call": "PutKeyPolicy",
    "when": "2026-11-22T10:00:00Z",
    "cluster": "loyalty-prod",
    "yours": "100000",
    "how many there are": "100000",
    "address of the dead letters": "https://sqs.us-east-1.amazonaws.com/111111111111/x",
    "as the old writer": "db.serverless",
    "firewall": "sg-0123456789abcdef0",
    "your group": "sg-0fedcba9876543210",
    "rule": "loyalty-prod-engine-Sweep0123",
    "function": "loyalty-prod-engine-Sweeper0123",
}
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
# Commands that change or need what is not here. Everything else is run: here, or in tests/local/test_handbook.py.
NEEDS_AWS = "an account, and credentials of it"
NOT_RUN = {
    "make deploy": NEEDS_AWS,
    "make diff": NEEDS_AWS,
    "make drift": NEEDS_AWS,
    "make gate DEPLOYED": NEEDS_AWS,
    "make preflight": "an account; that it ends with a line and no traceback without one is run",
    "make images": "writes into config/; tests/delivery/test_workflows.py does it in a folder of its own",
    "make run": "tests/local starts the same cloud",
    "make plug": "make prove's, and tests/local/test_zz_plug.py",
    "make night": "tests/local/test_lake_night.py runs the same night",
    "make web": "what `make test` needs first",
    "npx cdk": NEEDS_AWS,
    "git fetch": "needs the repository's origin",
    "git switch": "would change this folder",
    "rm ": "a file that the line before made",
    "umask ": "the shell's own",
    "python -m local.insight": "make night's second half",
    "python -m loyalty.outbox": "tests/domain/outbox runs every way of it",
}
COMMANDS = commands()
AWS = [
    command
    for command in COMMANDS
    if command.text.startswith("aws ") and len(command.words) > 2 and not command.text.startswith(OF_THE_CLI)
]


def test_the_handbook_has_commands() -> None:
    assert len(COMMANDS) > 40
    assert len(AWS) > 12


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_line_of_a_block_is_a_command_that_we_know(command: Command) -> None:
    assert command.words[0] in PROGRAMS, "a block of something else says of what: ```text"
    unknown = {name for name in FILL.findall(command.text) if name[:1].islower() and name not in YOURS}
    assert not unknown, "what is filled in has an example in YOURS"


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.text.startswith("make ")], ids=str)
def test_every_target_is_one_of_the_makefiles(command: Command) -> None:
    for word in command.words[1:]:
        if "=" in word:
            name, value = word.split("=", 1)
            used = re.search(rf"\$[({{]{name}\b|\$\(if \$\({name}\)|\b{name}\b", (REPOSITORY / "Makefile").read_text())
            assert used, f"the Makefile knows no {name}"
            if name == "ENV":
                assert (CONFIG_FOLDER / f"{value}.toml").is_file()
        else:
            assert word in TARGETS, word


@pytest.mark.parametrize("command", [one for one in COMMANDS if "-m" in one.words[1:2]], ids=str)
def test_every_module_can_be_run(command: Command) -> None:
    name = command.words[2]
    found = importlib.util.find_spec(name)
    assert found is not None, name
    if found.submodule_search_locations:
        found = importlib.util.find_spec(f"{name}.__main__")
        assert found is not None, name
    assert found.origin is not None
    assert '__name__ == "__main__"' in Path(found.origin).read_text()


@pytest.mark.parametrize("command", AWS, ids=str)
def test_every_call_is_one_that_aws_knows_with_all_it_insists_on(command: Command) -> None:
    call = aws_call(command)
    in_a_sentence = command.text in re.findall("`([^`]*)`", (FOLDER / command.page).read_text())
    if not in_a_sentence:
        assert required(call) <= set(call.given), f"missing: {required(call) - set(call.given)}"
    for parameter, value in call.given.items():
        assert value or is_switch(call, parameter), f"--{parameter} has no value"
        if is_bytes(call, parameter):
            # The CLI takes bytes in base64 unless it is told otherwise.
            assert call.options.get("cli-binary-format") == "raw-in-base64-out" or value.startswith("fileb://")


def test_a_call_that_aws_does_not_know_is_found() -> None:
    for text in (
        "aws sqs start-message-move --source-arn x",
        "aws sqqs start-message-move-task --source-arn x",
        "aws sqs start-message-move-task --source x",
        "aws sqs start-message-move-task x",
    ):
        with pytest.raises(ValueError, match=r"page\.md:1"):
            aws_call(Command("page.md", 1, text))
    call = aws_call(Command("page.md", 1, "aws sqs start-message-move-task --destination-arn x"))
    assert required(call) - set(call.given) == {"SourceArn"}


def test_a_call_is_read_as_the_cli_reads_it() -> None:
    text = (
        "aws lambda invoke --function-name <F> --cli-binary-format raw-in-base64-out --payload '{\"a\": 1}' /dev/stdout"
    )
    assert aws_call(Command("page.md", 1, text)) == AwsCall(
        "lambda", "Invoke", {"FunctionName": "<F>", "Payload": '{"a": 1}'}, {"cli-binary-format": "raw-in-base64-out"}
    )


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_is_run_somewhere_or_it_is_said_why_not(command: Command) -> None:
    if command.text.startswith("aws "):
        return  # tests/local/test_handbook.py runs it or says why not
    reasons = [reason for start, reason in NOT_RUN.items() if command.text.startswith(start.rstrip())]
    if not reasons:
        done = subprocess.run(
            ["make", "--dry-run", *command.words[1:]], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_no_reason_is_left_of_a_command_that_is_gone() -> None:
    for start in NOT_RUN:
        assert any(command.text.startswith(start.rstrip()) for command in COMMANDS), start


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    index = (FOLDER / "README.md").read_text()
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", index))
    assert linked == {page.name for page in PAGES} - {"README.md"}
    for page in PAGES:
        for target in re.findall(r"\]\(((?:\.\./)*[a-z/-]+\.md)(?:#[^)]*)?\)", page.read_text()):
            assert (FOLDER / target).is_file(), f"{page.name}: {target}"


def test_no_block_is_left_open_or_of_an_unknown_kind() -> None:
    assert {language for page in PAGES for _, language, _ in blocks(page)} <= {"", "text", "sql", "json", "toml"}


def test_deploy_comes_after_preflight() -> None:
    text = (FOLDER / "deploy.md").read_text()
    assert text.index("make preflight ENV=prod") < text.index("make deploy ENV=prod")
    assert "comes after preflight" in text
