"""Fault switches: each stand-in can be made to fail, by operation, in a way of its choice, so many times."""

from __future__ import annotations

from html import escape
from typing import Any

import httpx

from local.connected import Connected
from local.plain import PLAIN
from local.seed import SIMULATORS
from local.simulators.amazon_pay.control import KINDS
from local.simulators.amazon_pay.throttles import PUBLISHED
from local.simulators.erp.app import ROUTES as ERP_ROUTES
from local.simulators.erp.control import FAULTS as ERP_KINDS
from local.simulators.glue.control import KINDS as GLUE_KINDS
from local.simulators.glue.files import OPERATIONS as GLUE_OPERATIONS
from local.simulators.redshift.control import KINDS as REDSHIFT_KINDS
from local.simulators.redshift.files import PUBLISHED as REDSHIFT_OPERATIONS
from local.simulators.sagemaker.control import KINDS as SAGEMAKER_KINDS
from local.simulators.sagemaker.files import OPERATIONS as SAGEMAKER_OPERATIONS
from local.simulators.stripe.app import ROUTES as STRIPE_ROUTES
from local.simulators.textract.control import KINDS as TEXTRACT_KINDS
from local.simulators.textract.files import PUBLISHED as TEXTRACT_OPERATIONS
from local.status.forms import Refused
from local.status.markup import button, pill

TIMEOUT_SECONDS = 3
NAMES = {name: name.replace("_", " ").title() for name in SIMULATORS} | {"erp": "The ERP", "sagemaker": "SageMaker"}
# Where each can fail, and how. Amazon Business tells its own.
SWITCHES = {
    "amazon_pay": (tuple(PUBLISHED), KINDS),
    "stripe": (tuple(row[2] for row in STRIPE_ROUTES), KINDS),
    "textract": (tuple(TEXTRACT_OPERATIONS), TEXTRACT_KINDS),
    "erp": (tuple(row[2] for row in ERP_ROUTES), ERP_KINDS),
    "glue": (GLUE_OPERATIONS, GLUE_KINDS),
    "redshift": (tuple(REDSHIFT_OPERATIONS), REDSHIFT_KINDS),
    "sagemaker": (SAGEMAKER_OPERATIONS, SAGEMAKER_KINDS),
}
WORDS = {
    "error_500": "nothing done, 500",
    "error_503": "nothing done, 503",
    "error_429": "nothing done, 429",
    "timeout_before": "nothing done, no answer",
    "timeout_after_commit": "done, no answer",
    "reset_before": "nothing done, the connection is cut",
    "reset": "done, the connection is cut",
    "error_500_after_commit": "done, 500",
    "duplicate": "done twice",
    "malformed": "done, the answer is no JSON",
    "simulation": "the provider's own refusal, by its code",
    "throttle": "nothing done, ThrottlingException",
    "throughput": "nothing done, ProvisionedThroughputExceededException",
    "limit": "nothing done, as if the account had no more room",
    "access_denied": "nothing done, AccessDeniedException",
    "fail_job": "the job that begins will fail",
    "partial": "its last page is not read",
    "slow": "it takes some while longer",
    "fail_run": "the run that begins will fail",
    "kill_run": "the run's process dies",
    "kill_job": "the job's process dies",
    "time_out": "the run is ended at its time limit",
    "fail": "the statement fails, what ran before it is taken back",
    "abort": "the statement is broken off",
    "smudge": "it is read less surely: code is the share of the confidence that is left",
}

type Reading = dict[str, Any]


def read(cloud: Connected) -> dict[str, Reading]:
    """Each stand-in's `faults` that are on, its `operations` and `kinds` (with what they mean), or `error`."""
    return {name: _tolerant(cloud, name) for name in SIMULATORS}


def _tolerant(cloud: Connected, name: str) -> Reading:
    try:
        answer = httpx.get(f"{_plane(cloud, name)}/faults", timeout=TIMEOUT_SECONDS, verify=PLAIN)
        answer.raise_for_status()
        return described(name, answer.json())
    except (httpx.HTTPError, ValueError) as error:
        return {"error": f"does not answer ({type(error).__name__})"}


def described(name: str, said: Any) -> Reading:
    """What a stand-in says of its switches. One describes itself, the others answer with those that are on."""
    if not isinstance(said, list):
        return dict(said)
    operations, kinds = SWITCHES[name]
    return {"faults": said, "operations": ["*", *operations], "kinds": {kind: WORDS.get(kind, "") for kind in kinds}}


def switch(cloud: Connected, name: str, given: dict[str, str]) -> str:
    """Switch one on and say so. Raises Refused."""
    times = given.get("times", "").strip()
    fault: dict[str, Any] = {"operation": given.get("operation"), "kind": given.get("kind"), "times": 1}
    if times:
        fault["times"] = int(times) if times.isdecimal() and len(times) < 10 else times
    elif name == "amazon_business":
        fault["times"] = None
    else:
        raise Refused(f"{NAMES[name]} wants to know how many times.")
    if code := given.get("code", "").strip():
        fault["code"] = code
    answer = httpx.put(f"{_plane(cloud, name)}/faults", json=fault, timeout=5, verify=PLAIN)
    if answer.status_code >= 400:
        raise Refused(f"{NAMES[name]} refuses: {_reason(answer)}.")
    where = "any operation" if fault["operation"] == "*" else str(fault["operation"])
    return f"{NAMES[name]} fails at {where}: {fault['kind']}, {_times(fault['times'])}."


def clear(cloud: Connected, names: tuple[str, ...]) -> str:
    """All switches of these stand-ins off; says so."""
    for name in names:
        httpx.delete(f"{_plane(cloud, name)}/faults", timeout=5, verify=PLAIN).raise_for_status()
    who = NAMES[names[0]] if len(names) == 1 else "Every stand-in"
    return f"{who} behaves again: all its switches are off."


def show(faults: dict[str, Reading]) -> str:
    """The section."""
    off = button("/faults/off", "Clear all switches")
    return f'<div class="pair">{"".join(_one(name, switches) for name, switches in faults.items())}</div>{off}'


def _one(name: str, switches: Reading) -> str:
    title = f"<h3>{escape(NAMES[name])}</h3>"
    if "error" in switches:
        return f'<div>{title}<p class="bad">{escape(NAMES[name])} {escape(switches["error"])}.</p></div>'
    on = "".join(f"<li>{_fault(one)}</li>" for one in switches["faults"])
    standing = '<p class="quiet">behaves</p>'
    if on:
        standing = f"<ul>{on}</ul>{button(f'/faults/{name}/off', 'Behave again', of=NAMES[name])}"
    operations = "".join(f'<option value="{escape(one)}">{_operation(one)}</option>' for one in switches["operations"])
    kinds = "".join(_kind(kind, words) for kind, words in dict(switches["kinds"]).items())
    code = '<label>Code (simulation, smudge)<input type="text" name="code" autocomplete="off"></label>'
    code = "" if name in ("amazon_business", "erp") else code
    return (
        f'<div>{title}{standing}<form method="post" action="/faults/{escape(name)}">'
        f'<label>At<select name="operation">{operations}</select></label>'
        f'<label>How it fails<select name="kind">{kinds}</select></label>'
        '<label>Times<input type="number" name="times" value="1" min="1" max="1000"></label>'
        f'{code}<button>Switch on<span class="hide"> {escape(NAMES[name])}</span>'
        "</button></form></div>"
    )


def _operation(name: str) -> str:
    return "any operation" if name == "*" else escape(name)


def _kind(kind: str, words: str) -> str:
    more = f": {escape(words)}" if words else ""
    return f'<option value="{escape(kind)}">{escape(kind)}{more}</option>'


def _fault(fault: Reading) -> str:
    where = "any operation" if fault["operation"] == "*" else fault["operation"]
    return f'{pill(fault["kind"], "bad")} <span class="small">at {escape(where)}, {_times(fault.get("times"))}</span>'


def _times(number: Any) -> str:
    return "until switched off" if number is None else "once" if number == 1 else f"{number} times"


def _reason(answer: httpx.Response) -> str:
    try:
        said = answer.json()
        return str(said.get("error") or said["detail"]).rstrip(".")
    except (ValueError, LookupError, AttributeError):
        return f"it answers {answer.status_code}"


def _plane(cloud: Connected, name: str) -> str:
    return f"{cloud.simulator(name)}/_simulator"
