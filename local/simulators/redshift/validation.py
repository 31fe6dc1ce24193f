"""What a request may contain; anything else is a ValidationException, and says which member."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from local.simulators.redshift.refusals import wrong

MOST_STATEMENTS = 40
LARGEST_STATEMENT_BYTES = 100_000
STATUSES = ("SUBMITTED", "PICKED", "STARTED", "FINISHED", "FAILED", "ABORTED")
NOT_OFFERED = ("WithEvent", "SessionKeepAliveSeconds", "SessionId")

_ID = re.compile(r"([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::(\d{1,2}))?")
_WORKGROUP = re.compile(r"[a-z0-9-]{3,63}|arn:aws[a-z-]*:redshift-serverless:[a-z0-9-]+:\d{12}:workgroup/[a-z0-9/-]+")
_CLUSTER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TOKEN = re.compile(r"[\s\S]{1,64}")
_PARAMETER = re.compile(r"[0-9a-zA-Z_]+")
# A name after a single colon, outside quotes.
_NAMES = re.compile(r"'(?:[^']|'')*'|(?<!:):([0-9a-zA-Z_]+)")
_WHERE = ("Database", "WorkgroupName", "ClusterIdentifier", "SecretArn", "DbUser")
_SUBMITTED = (*_WHERE, *NOT_OFFERED, "StatementName", "Parameters", "ClientToken", "ResultFormat", "WaitTimeSeconds")


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to run, and where."""

    sqls: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    database: str
    place: str
    cluster: bool
    secret_arn: str | None
    db_user: str | None
    name: str | None
    token: str | None
    batch: bool
    mode: str
    wait_seconds: int

    @property
    def fingerprint(self) -> str:
        """The same for requests that mean the same."""
        told = {name: value for name, value in asdict(self).items() if name not in ("token", "wait_seconds")}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def submission(operation: str, given: dict[str, Any]) -> Submission:
    """ExecuteStatement or BatchExecuteStatement."""
    batch = operation == "BatchExecuteStatement"
    _only(given, *_SUBMITTED, *(("Sqls", "ExecutionMode") if batch else ("Sql",)))
    for name in NOT_OFFERED:
        if given.get(name):
            raise wrong(f"{name} is not offered by this stand-in")
    if given.get("ResultFormat", "JSON") != "JSON":
        raise wrong("ResultFormat CSV is not offered by this stand-in: ask for JSON")
    mode = given.get("ExecutionMode", "TRANSACTION")
    if mode not in ("TRANSACTION", "AUTO_COMMIT"):
        raise wrong("ExecutionMode is TRANSACTION or AUTO_COMMIT")
    sqls = _sqls(given, "Sqls" if batch else "Sql")
    place, cluster = _place(given)
    return Submission(
        sqls=sqls,
        parameters=_parameters(given, sqls),
        database=_text(given, "Database", required=True) or "",
        place=place,
        cluster=cluster,
        secret_arn=_text(given, "SecretArn"),
        db_user=_text(given, "DbUser"),
        name=_text(given, "StatementName", longest=2048),
        token=_text(given, "ClientToken", _TOKEN),
        batch=batch,
        mode=mode,
        wait_seconds=wait(given),
    )


def identified(given: dict[str, Any], *more: str) -> tuple[str, int | None]:
    """A statement's id, and the number of the part if it names one."""
    _only(given, "Id", *more)
    found = _ID.fullmatch(str(given.get("Id", "")))
    if found is None:
        raise wrong(f"id must satisfy regex pattern: {_ID.pattern}")
    return found[1], int(found[2]) if found[2] else None


def wait(given: dict[str, Any]) -> int:
    """How long the call may wait for the end; 0: not."""
    seconds = given.get("WaitTimeSeconds", 0)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= 30:
        raise wrong("WaitTimeSeconds is 1 to 30")
    return seconds


def listing(given: dict[str, Any]) -> tuple[str, str | None, int, str | None]:
    """ListStatements: status, beginning of the name, most, token of the page."""
    _only(given, "NextToken", "MaxResults", "StatementName", "Status", "RoleLevel", *_WHERE)
    status, most = given.get("Status", "FINISHED"), given.get("MaxResults", 100)
    if status not in (*STATUSES, "ALL"):
        raise wrong(f"Status is ALL or one of {', '.join(STATUSES)}")
    if not isinstance(most, int) or isinstance(most, bool) or not 0 <= most <= 100:
        raise wrong("MaxResults is 0 to 100")
    return status, _text(given, "StatementName", longest=2048), most or 100, page(given)


def page(given: dict[str, Any]) -> str | None:
    """The token of a page."""
    return _text(given, "NextToken", longest=1024)


def _sqls(given: dict[str, Any], name: str) -> tuple[str, ...]:
    sqls = given.get(name)
    if name == "Sql":
        sqls = [sqls]
    if not isinstance(sqls, list) or not sqls or not all(isinstance(sql, str) and sql.strip() for sql in sqls):
        raise wrong(f"{name} is missing or empty")
    if len(sqls) > MOST_STATEMENTS:
        raise wrong(f"{name} has {len(sqls)} statements; the most is {MOST_STATEMENTS}")
    for number, sql in enumerate(sqls, 1):
        if len(sql.encode()) > LARGEST_STATEMENT_BYTES:
            raise wrong(f"statement {number} is longer than {LARGEST_STATEMENT_BYTES // 1000} kB")
    return tuple(sqls)


def _parameters(given: dict[str, Any], sqls: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    parameters = given.get("Parameters")
    if parameters is None:
        parameters = []
    elif not isinstance(parameters, list) or not parameters:
        raise wrong("Parameters has to have at least one member")
    named = {found[1] for sql in sqls for found in _NAMES.finditer(sql) if found[1]}
    made: dict[str, str] = {}
    for parameter in parameters:
        name, value = (parameter.get("name"), parameter.get("value")) if isinstance(parameter, dict) else (None, None)
        if not isinstance(name, str) or not _PARAMETER.fullmatch(name):
            raise wrong("a parameter's name has letters, digits and _")
        if not isinstance(value, str) or not value:
            raise wrong(f"the value of the parameter {name} has to be a text of at least 1 character")
        if name in made:
            raise wrong(f"the parameter {name} is there twice")
        if name not in named:
            raise wrong(f"the parameter {name} is not used")
        made[name] = value
    if missing := sorted(named - made.keys()):
        raise wrong(f"the parameter {missing[0]} has no value")
    return tuple(made.items())


def _place(given: dict[str, Any]) -> tuple[str, bool]:
    workgroup, cluster = _text(given, "WorkgroupName", _WORKGROUP), _text(given, "ClusterIdentifier", _CLUSTER)
    if (workgroup is None) == (cluster is None):
        raise wrong("Exactly one of WorkgroupName and ClusterIdentifier is needed")
    return (workgroup, False) if workgroup is not None else (str(cluster), True)


def _only(given: dict[str, Any], *known: str) -> None:
    unknown = sorted(given.keys() - set(known))
    if unknown:
        raise wrong(f"{unknown[0]} is not known")


def _text(
    given: dict[str, Any],
    name: str,
    pattern: re.Pattern[str] | None = None,
    *,
    longest: int = 512,
    required: bool = False,
) -> str | None:
    value = given.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or len(value) > longest or (pattern is not None and not pattern.fullmatch(value)):
        raise wrong(f"{name} is missing" if value is None else f"{name} does not satisfy its pattern")
    return value
