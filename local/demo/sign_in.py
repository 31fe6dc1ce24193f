"""Sign in as a browser does: authorization code with PKCE against the pool's own pages."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from urllib.parse import parse_qs, urlparse

import httpx

from local.plain import PLAIN

_HIDDEN_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def access_token(
    hosted_url: str,
    client_id: str,
    redirect_uri: str,
    username: str,
    password: str,
    scope: str = "openid loyalty/member",
) -> str:
    """An access token of this user. Raises RuntimeError with what the page said."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with httpx.Client(base_url=hosted_url, timeout=30, verify=PLAIN) as browser:
        page = browser.get(
            "/oauth2/authorize",
            params={
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": scope,
                "state": secrets.token_urlsafe(8),
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        form = dict(_HIDDEN_FIELD.findall(page.text))
        if not form:
            raise RuntimeError(f"no sign-in form for {username}: {page.status_code} {page.text[:200]}")
        answer = browser.post("/login", data={**form, "username": username, "password": password})
        location = answer.headers.get("location", "")
        code = parse_qs(urlparse(location).query).get("code")
        if not code:
            raise RuntimeError(f"sign-in of {username} refused: {answer.status_code} {answer.text[:200]}")
        tokens = browser.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "redirect_uri": redirect_uri,
                "code": code[0],
                "code_verifier": verifier,
            },
        )
    if tokens.status_code != 200:
        raise RuntimeError(f"no token for {username}: {tokens.status_code} {tokens.text[:200]}")
    return str(tokens.json()["access_token"])
