"""How the local cloud's people come in, by the same doors as anybody: registered by a partner, signed up, claimed."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx
from botocore.exceptions import ClientError

from local.connected import Connected
from local.demo.sign_in import access_token
from local.people import MEMBERS, PASSWORD, STAFF, Member
from local.plain import PLAIN

MAIL_SECONDS = 10.0
CALL_SECONDS = 40.0
JOINING_ATTEMPTS = 5


class Refused(Exception):
    """A door did not do what was asked; the message holds its answer."""


def staff(cloud: Connected) -> str:
    """Staff cannot sign up: an administrator makes their users."""
    identity, pool = cloud.client("cognito-idp"), cloud.outputs["StaffPoolId"]
    for person in STAFF:
        with suppress(identity.exceptions.UsernameExistsException):
            identity.admin_create_user(
                UserPoolId=pool,
                Username=person.email,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": "email", "Value": person.email},
                    {"Name": "email_verified", "Value": "true"},
                ],
            )
        identity.admin_set_user_password(UserPoolId=pool, Username=person.email, Password=PASSWORD, Permanent=True)
        identity.admin_add_user_to_group(UserPoolId=pool, Username=person.email, GroupName=person.group)
    return f"{len(STAFF)} staff can sign in"


def members(cloud: Connected) -> str:
    """Each with points, terms accepted and an address, so that the first thing they do can be a redemption."""
    with partner(cloud) as inbound:
        for member in MEMBERS:
            _require(inbound.post("/members", json=member.registration()), f"member {member.number} is registered")
            _require(inbound.post("/accruals", json=member.purchase()), f"member {member.number} gets points")
    for member in MEMBERS:
        join(cloud, member).close()
    return f"{len(MEMBERS)} members can sign in"


def join(cloud: Connected, member: Member) -> httpx.Client:
    """Sign up, claim, accept the terms, save an address: the member's open client of the member API."""
    sign_up(cloud, member.email)
    door = _client(cloud.api("Member"), member_token(cloud, member.email))
    _claim(cloud, door, member)
    _settle_in(door, member)
    return door


def join_patiently(cloud: Connected, member: Member) -> str:
    """The same for a crowd: the token. What fails (a cold function on a busy machine) is begun again."""
    for left in reversed(range(JOINING_ATTEMPTS)):
        try:
            with closing(join(cloud, member)) as door:
                return door.headers["Authorization"].removeprefix("Bearer ")
        except (ClientError, Refused, RuntimeError, httpx.HTTPError):
            if not left:
                raise
    raise AssertionError


@contextmanager
def partner(cloud: Connected) -> Iterator[httpx.Client]:
    """A client of the inbound API with the partner's credentials."""
    identity, pool = cloud.client("cognito-idp"), cloud.outputs["MemberPoolId"]
    client = cloud.outputs["PartnerClientId"]
    described = identity.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    basic = base64.b64encode(f"{client}:{described['ClientSecret']}".encode()).decode()
    answer = httpx.post(
        f"{cloud.gateway}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": "loyalty/members.write loyalty/accruals.write"},
        headers={"Authorization": f"Basic {basic}"},
        timeout=10,
        verify=PLAIN,
    )
    token = _require(answer, "the partner gets a token")["access_token"]
    with _client(cloud.api("Inbound"), token) as door:
        yield door


@contextmanager
def signed_in(cloud: Connected, email: str, client: str = "MemberClientId") -> Iterator[httpx.Client]:
    """A client of the member API with this member's access token."""
    with _client(cloud.api("Member"), member_token(cloud, email, client)) as door:
        yield door


def member_token(cloud: Connected, email: str, client: str = "MemberClientId") -> str:
    """An access token, got on the pool's own sign-in page."""
    return access_token(cloud.gateway, cloud.outputs[client], _callback(cloud, "member"), email, PASSWORD)


def staff_token(cloud: Connected, email: str) -> str:
    """An access token of one of the staff."""
    client = cloud.outputs["StaffClientId"]
    return access_token(cloud.gateway, client, _callback(cloud, "staff"), email, PASSWORD, "openid loyalty/staff")


@contextmanager
def staff_signed_in(cloud: Connected, email: str) -> Iterator[httpx.Client]:
    """A client of the manager API with the access token of this member of staff."""
    with _client(cloud.api("Manager"), staff_token(cloud, email)) as door:
        yield door


def sign_up(cloud: Connected, email: str, client: str = "MemberClientId") -> None:
    """Sign up and confirm with the code that Cognito sent; nothing if that was done before."""
    identity = cloud.client("cognito-idp")
    attributes = [{"Name": "email", "Value": email}]
    try:
        identity.sign_up(ClientId=cloud.outputs[client], Username=email, Password=PASSWORD, UserAttributes=attributes)
    except identity.exceptions.UsernameExistsException:
        known = identity.admin_get_user(UserPoolId=cloud.outputs["MemberPoolId"], Username=email)
        if known["UserStatus"] == "CONFIRMED":
            return
    code = mailed_code(cloud, email)
    identity.confirm_sign_up(ClientId=cloud.outputs[client], Username=email, ConfirmationCode=code)


def mailed_code(cloud: Connected, email: str, *, not_before: int = 0) -> str:
    """The six digits of the newest captured mail to `email`, skipping the first `not_before` mails."""
    deadline = time.monotonic() + MAIL_SECONDS
    while True:
        mails = mails_to(cloud, email)[not_before:]
        found = [code for mail in mails for code in re.findall(r"\b\d{6}\b", mail)]
        if found:
            return str(found[-1])
        if time.monotonic() > deadline:
            raise Refused(f"no mail with a code came for {email}")
        time.sleep(0.1)


def mails_to(cloud: Connected, email: str) -> list[str]:
    """The texts of the captured mails to `email`, oldest first."""
    texts: list[str] = cloud.emulator("GET", f"/_local/mails/{quote(email)}")
    return texts


def _claim(cloud: Connected, door: httpx.Client, member: Member) -> None:
    """Prove to be the registered member by the code that goes to the contact on file."""
    if door.get("/me").status_code == 200:
        return
    before = len(mails_to(cloud, member.email))
    _require(door.post("/claims", json={"member_number": member.number}), f"{member.number} is claimed")
    code = mailed_code(cloud, member.email, not_before=before)
    confirmation = {"member_number": member.number, "code": code}
    _require(door.post("/claims/confirmation", json=confirmation), f"the claim of {member.number} is confirmed")


def _settle_in(door: httpx.Client, member: Member) -> None:
    me = _require(door.get("/me"), f"{member.number} sees themselves")
    if not me["terms_accepted"]:
        _require(door.post("/terms/acceptance", json={"version": me["terms_version"]}), "the terms are accepted")
    if me["default_address_id"] is None:
        _require(door.post("/me/addresses", json=member.address()), f"{member.number} has an address")


def member_door(cloud: Connected, token: str, transport: httpx.BaseTransport) -> httpx.Client:
    """A client of the member API over a transport that others may share; leave it open."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=cloud.api("Member"), headers=headers, transport=transport, timeout=CALL_SECONDS)


def _client(address: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address, headers=headers, timeout=CALL_SECONDS, verify=PLAIN)


def _callback(cloud: Connected, people: str) -> str:
    return str(cloud.config["identity"][f"{people}_callback_urls"][0])


def _require(answer: httpx.Response, what: str) -> dict[str, Any]:
    if answer.status_code >= 300:
        raise Refused(f"{what}: {answer.status_code} {answer.text[:400]}")
    body: dict[str, Any] = answer.json()
    return body
