"""Cognito as AWS has it where it matters to this product: tokens by kind, codes that are checked, triggers that fire.

Without this any confirmation code is accepted, the post-confirmation function never runs, disabled password flows work,
and a method that asks for a scope is the only one that looks at what a token is for.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services import apigateway_v1, cognito, lambda_svc
from ministack.services.cloudformation import provisioners

from local.emulator.pinned import private, replace

AFTER = {
    "ConfirmSignUp": "PostConfirmation_ConfirmSignUp",
    "AdminConfirmSignUp": "PostConfirmation_ConfirmSignUp",
    "ConfirmForgotPassword": "PostConfirmation_ConfirmForgotPassword",
}


def install() -> None:
    _check_actions()
    _check_token_use()
    _keep_groups_and_sign_in_time()
    _take_tokens_back()
    _answer_provider_url()


def _check_actions() -> None:
    """Secret hashes, enabled flows, access tokens and codes are checked; then the trigger that AWS calls is called."""
    pin_scope = private(cognito, "_pin_unsigned_idp_scope")
    unsigned = private(cognito, "_UNSIGNED_IDP_ACTIONS")
    secret_hash, flow = private(cognito, "_validate_client_secret_hash"), private(cognito, "_auth_flow_error")
    token, code = private(cognito, "_access_token_error"), private(cognito, "_confirmation_code_error")

    def run(handler: Any, action: str, request: dict[str, Any]) -> Any:
        if action in unsigned:
            pin_scope(request)
        refusal = secret_hash(action, request) or flow(action, request) or token(request) or code(action, request)
        if refusal:
            return refusal
        answer = handler(request)
        if answer[0] == 200 and action in AFTER:
            return _after_confirmation(action, request) or answer
        return answer

    replace(cognito, "_run_idp_handler", run)


def _after_confirmation(action: str, request: dict[str, Any]) -> Any:
    pool, user = _pool_and_user(request)
    if pool is None or user is None:
        return None
    if action == "ConfirmSignUp" and "email" in (pool.get("AutoVerifiedAttributes") or []):
        verified = [{"Name": "email_verified", "Value": "true"}]
        user["Attributes"] = private(cognito, "_merge_attributes")(user["Attributes"], verified)
    return _fire(pool, "PostConfirmation", AFTER[action], user, request)


def _pool_and_user(request: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if request.get("ClientId"):
        pool = private(cognito, "_find_pool_by_client_id")(request["ClientId"])[1]
    else:
        pool = private(cognito, "_get_pool_unscoped")(request.get("UserPoolId", ""))
    user = private(cognito, "_resolve_user")(pool, request["Username"])[0] if pool else None
    return pool, user


def _fire(pool: dict[str, Any], trigger: str, source: str, user: dict[str, Any], request: dict[str, Any]) -> Any:
    """Call the pool's function; its exception is the caller's UserLambdaValidationException, as on AWS."""
    arn = (pool.get("LambdaConfig") or {}).get(trigger)
    if not arn:
        return None
    record, config, _ = private(lambda_svc, "_get_func_record_for_ref")(arn)
    if not record:
        return cognito.error_response_json("InvalidLambdaResponseException", f"{trigger} not found", 400)
    attributes = private(cognito, "_attr_list_to_dict")(user.get("Attributes", []))
    event = {
        "version": "1",
        "region": private(cognito, "_pool_region")(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user["Username"],
        "triggerSource": source,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": request.get("ClientId") or ""},
        "request": {
            "userAttributes": {**attributes, "cognito:user_status": user.get("UserStatus")},
            **({"clientMetadata": request["ClientMetadata"]} if request.get("ClientMetadata") else {}),
        },
        "response": {},
    }
    runnable = private(lambda_svc, "_execution_record_for_config")(record, config)
    answer = private(lambda_svc, "_execute_function_with_config_scope")(runnable, event)
    if not answer.get("error"):
        return None
    body = answer.get("body")
    said = body.get("errorMessage") if isinstance(body, dict) else body
    return cognito.error_response_json("UserLambdaValidationException", f"{trigger} failed with error {said}.", 400)


def _check_token_use() -> None:
    """A method with scopes takes access tokens only, one without takes ID tokens only."""
    validate = private(apigateway_v1, "_validate_cognito_authorizer")
    refuse = private(apigateway_v1, "_gw_error")

    async def validate_use(authorizer: Any, method: Any, *arguments: Any) -> Any:
        claims, refusal = await validate(authorizer, method, *arguments)
        wanted = "access" if method.get("authorizationScopes") else "id"
        if not refusal and claims.get("token_use") != wanted:
            return None, refuse("UNAUTHORIZED", "Unauthorized")
        return claims, refusal

    replace(apigateway_v1, "_validate_cognito_authorizer", validate_use)


def _keep_groups_and_sign_in_time() -> None:
    """A refresh at /oauth2/token keeps the groups and `auth_time`, which browser libraries compare."""
    signed_in_at: dict[str, int] = {}
    sign = private(cognito, "_signed_jwt")
    claims_of = private(cognito, "_token_claims")
    refresh = private(cognito, "_refresh_auth_result")
    make = private(cognito, "_fake_token")

    def remember(refresh_token: str) -> None:
        claims = claims_of(refresh_token or "") or {}
        if claims.get("origin_jti") and claims.get("auth_time"):
            signed_in_at.setdefault(claims["origin_jti"], claims["auth_time"])

    def sign_with_time(claims: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        if origin := claims.get("origin_jti"):
            claims["auth_time"] = signed_in_at.setdefault(origin, claims.get("auth_time") or claims["iat"])
        return sign(claims, *arguments, **named)

    def refresh_with_time(pool: Any, pool_id: str, client_id: str, refresh_token: str) -> Any:
        remember(refresh_token)
        return refresh(pool, pool_id, client_id, refresh_token)

    def make_with_groups(
        subject: str, pool_id: str, client_id: str, use: str = "access", username: str = "", **named: Any
    ) -> Any:
        pool = private(cognito, "_get_pool_unscoped")(pool_id) or {}
        user = (pool.get("_users") or {}).get(username)
        if named.get("trigger_source") == "TokenGeneration_RefreshTokens" and user:
            named["groups"] = named.get("groups") or user.get("_groups") or []
            attributes = private(cognito, "_attr_list_to_dict")(user.get("Attributes", []))
            named["user_attrs"] = named.get("user_attrs") or attributes
        return make(subject, pool_id, client_id, use, username, **named)

    replace(cognito, "_signed_jwt", sign_with_time)
    replace(cognito, "_refresh_auth_result", refresh_with_time)
    replace(cognito, "_fake_token", make_with_groups)


def _take_tokens_back() -> None:
    """/oauth2/revoke is there and in the discovery document, as browser libraries ask for it."""
    revoke = private(cognito, "_revoke_token")
    other = private(app, "_handle_cognito_body_request")

    async def answer(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if (method, path) != ("POST", "/oauth2/revoke"):
            return await other(method, path, headers, body, query)
        revoke({"Token": parse_qs(body.decode()).get("token", [""])[0]})
        return 200, {"Content-Type": "application/json"}, b""

    replace(app, "_handle_cognito_body_request", answer)

    describe = private(cognito, "well_known_openid_configuration")

    def describe_with_revocation(*arguments: Any, **named: Any) -> Any:
        status, headers, body = describe(*arguments, **named)
        document = json.loads(body)
        document["revocation_endpoint"] = document["token_endpoint"].replace("/token", "/revoke")
        return status, headers, json.dumps(document).encode()

    replace(cognito, "well_known_openid_configuration", describe_with_revocation)


def _answer_provider_url() -> None:
    attributes_of = private(provisioners, "_cognito_user_pool_attributes")

    def with_url(pool_id: str) -> dict[str, Any]:
        attributes = attributes_of(pool_id)
        return {**attributes, "ProviderURL": f"https://{attributes['ProviderName']}"}

    replace(provisioners, "_cognito_user_pool_attributes", with_url)
