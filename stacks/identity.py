"""Who may sign in: members and partners in one pool, staff in another."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.logs import removal_policy
from stacks.constructs.sign_in_logs import SignInLogs
from stacks.constructs.web_firewall import WebFirewall
from stacks.settings import Settings

# The prefix of every scope: `loyalty/member`.
RESOURCE_SERVER = "loyalty"
STAFF_GROUPS = {
    "catalogue-manager": "Decides what may be redeemed",
    "business-operator": "Adjusts, approves, publishes",
    "support": "Helps members",
    "finance": "Says what points are worth, locks and reads the books",
}
MAIN_PROGRAMME, CANARY_PROGRAMME = 1, 2


def trigger_name(settings: Settings) -> str:
    """The fixed name of the post-confirmation function.

    The function must know the pool's clients and the pool must know the function: a circle, cut by this name.
    """
    return f"loyalty-{settings.deployment.name}-identity-trigger"


class IdentityStack(Stack):
    """`program_by_client` and `partner_by_client`: JSON that tells functions for whom a token's client speaks.
    `member_authority` and `member_client_id`: where and as what the portal signs members in;
    `member_sign_in`: the host of the pages on which it does; `staff_…`: the same of the manager app. `token_url`: where
    machines get tokens; `canary_client_id`: as what the canary does."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self.member_pool = self._member_pool()
        self.staff_pool = self._staff_pool()
        if not settings.identity.threat_protection:
            for pool in (self.member_pool, self.staff_pool):
                acknowledge(
                    pool,
                    "The Plus plan is paid for by the month and member: identity.threat_protection turns it on",
                    "AwsSolutions-COG8",
                    "AwsSolutions-COG3",
                )
        else:
            for id, pool in (("Members", self.member_pool), ("Staff", self.staff_pool)):
                self._risks(f"{id}Risks", pool)
        if settings.identity.log_delivery:
            sign_in_logs = SignInLogs(self, settings=settings)
            for pool in (self.member_pool, self.staff_pool):
                sign_in_logs.deliver(pool)
        self._clients()
        if settings.api.firewall:
            pools = {"Members": self.member_pool.user_pool_arn, "Staff": self.staff_pool.user_pool_arn}
            limit = settings.api.requests_per_address
            WebFirewall(self, "Firewall", resources=pools, requests_per_address=limit, settings=settings)

    def _member_pool(self) -> cognito.UserPool:
        identity = self._settings.identity
        pool = cognito.UserPool(
            self,
            "Members",
            user_pool_name=f"loyalty-{self._settings.deployment.name}-members",
            self_sign_up_enabled=identity.self_sign_up,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            custom_attributes={"member_number": cognito.StringAttribute(max_len=64, mutable=True)},
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            **self._common(),
        )
        acknowledge(
            pool,
            "Members may turn it on: an account orders to saved addresses only, and an order waits before it is placed",
            "AwsSolutions-COG2",
        )
        # By name and not by reference: see trigger_name.
        function = f"arn:{Aws.PARTITION}:lambda:{self.region}:{self.account}:function:{trigger_name(self._settings)}"
        resource = pool.node.default_child
        assert isinstance(resource, cognito.CfnUserPool)
        resource.lambda_config = cognito.CfnUserPool.LambdaConfigProperty(post_confirmation=function)
        return pool

    def _staff_pool(self) -> cognito.UserPool:
        identity = self._settings.identity
        mfa = {"required": cognito.Mfa.REQUIRED, "optional": cognito.Mfa.OPTIONAL, "off": cognito.Mfa.OFF}
        pool = cognito.UserPool(
            self,
            "Staff",
            user_pool_name=f"loyalty-{self._settings.deployment.name}-staff",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            mfa=mfa[identity.staff_mfa],
            mfa_second_factor=None if identity.staff_mfa == "off" else cognito.MfaSecondFactor(otp=True, sms=False),
            **self._common(),
        )
        for name, description in STAFF_GROUPS.items():
            pool.add_group(name.title().replace("-", ""), group_name=name, description=description)
        return pool

    def _risks(self, id: str, pool: cognito.UserPool) -> None:
        """A password that others have lost too is refused; a sign-in that looks like somebody else's meets the second
        factor, or is refused. Without these answers Cognito only counts."""
        risks = cognito.CfnUserPoolRiskConfigurationAttachment
        tell = self._settings.identity.takeover_mails

        def answer(action: str) -> cognito.CfnUserPoolRiskConfigurationAttachment.AccountTakeoverActionTypeProperty:
            return risks.AccountTakeoverActionTypeProperty(event_action=action, notify=tell)

        risks(
            self,
            id,
            user_pool_id=pool.user_pool_id,
            client_id="ALL",
            compromised_credentials_risk_configuration=risks.CompromisedCredentialsRiskConfigurationTypeProperty(
                actions=risks.CompromisedCredentialsActionsTypeProperty(event_action="BLOCK"),
                event_filter=["SIGN_IN", "PASSWORD_CHANGE", "SIGN_UP"],
            ),
            account_takeover_risk_configuration=risks.AccountTakeoverRiskConfigurationTypeProperty(
                actions=risks.AccountTakeoverActionsTypeProperty(
                    low_action=answer("NO_ACTION"),
                    medium_action=answer("MFA_IF_CONFIGURED"),
                    high_action=answer("BLOCK"),
                ),
                notify_configuration=self._letters() if tell else None,
            ),
        )

    def _letters(self) -> cognito.CfnUserPoolRiskConfigurationAttachment.NotifyConfigurationTypeProperty:
        """What Cognito writes to whom an account belongs, of sign-ins that looked like somebody else's."""
        messaging = self._settings.messaging
        whose = messaging.mail_from.split("@")[1] if messaging.mail_identity == "domain" else messaging.mail_from
        risks = cognito.CfnUserPoolRiskConfigurationAttachment

        def letter(what: str) -> cognito.CfnUserPoolRiskConfigurationAttachment.NotifyEmailTypeProperty:
            after = "If it was not you, choose another password at once and tell support."
            return risks.NotifyEmailTypeProperty(subject="A sign-in to your account", text_body=f"{what} {after}")

        return risks.NotifyConfigurationTypeProperty(
            from_=messaging.mail_from,
            source_arn=self.format_arn(service="ses", resource="identity", resource_name=whose),
            block_email=letter("Somebody tried to sign in to your account. It did not look like you: we refused it."),
            mfa_email=letter("Somebody signed in to your account in an unusual way, and was asked for more."),
            no_action_email=letter("Somebody signed in to your account from a place or a device that is new to us."),
        )

    def _common(self) -> dict[str, Any]:
        identity, durable = self._settings.identity, self._settings.deployment.durable
        protection = cognito.StandardThreatProtectionMode
        return {
            "password_policy": cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            "account_recovery": cognito.AccountRecovery.EMAIL_ONLY,
            "feature_plan": cognito.FeaturePlan.PLUS if identity.threat_protection else cognito.FeaturePlan.ESSENTIALS,
            "standard_threat_protection_mode": protection.FULL_FUNCTION if identity.threat_protection else None,
            "deletion_protection": durable,
            "removal_policy": removal_policy(self._settings) if durable else RemovalPolicy.DESTROY,
        }

    def _clients(self) -> None:
        identity = self._settings.identity
        member, accruals, members = (
            cognito.ResourceServerScope(scope_name=name, scope_description=description)
            for name, description in (
                ("member", "What a member may do for themselves"),
                ("accruals.write", "Award points and take them back"),
                ("members.write", "Register members"),
            )
        )
        server = self.member_pool.add_resource_server(
            "Server", identifier=RESOURCE_SERVER, scopes=[member, accruals, members]
        )
        member_scopes = [*_PERSON, cognito.OAuthScope.resource_server(server, member)]
        partner_scopes = [cognito.OAuthScope.resource_server(server, scope) for scope in (accruals, members)]
        visits = (identity.member_callback_urls, identity.member_logout_urls)
        main = self._browser_client(self.member_pool, "Portal", member_scopes, *visits)
        canary = self._browser_client(self.member_pool, "Canary", member_scopes, *visits)
        # The canary's own: no person's password; a token of it is its own subject, in its own programme.
        visitor = self._machine_client("CanaryVisitor", [cognito.OAuthScope.resource_server(server, member)])
        partners = {
            name: self._machine_client(f"Partner{name.title().replace('-', '')}", partner_scopes)
            for name in identity.partners
        }
        work = cognito.ResourceServerScope(scope_name="staff", scope_description="What staff may do")
        staff_server = self.staff_pool.add_resource_server("Server", identifier=RESOURCE_SERVER, scopes=[work])
        staff = self._browser_client(
            self.staff_pool,
            "Manager",
            [*_PERSON, cognito.OAuthScope.resource_server(staff_server, work)],
            identity.staff_callback_urls,
            identity.staff_logout_urls,
        )
        member_domain = self._domain(self.member_pool, "MemberDomain", identity.domain_prefix, main, canary)
        self.member_sign_in = member_domain.base_url()
        staff_domain = self._domain(self.staff_pool, "StaffDomain", f"{identity.domain_prefix}-staff", staff)
        cognito_itself = f"https://cognito-idp.{self.region}.{Aws.URL_SUFFIX}"
        self.member_authority = f"{identity.authority_url or cognito_itself}/{self.member_pool.user_pool_id}"
        self.member_client_id = main.user_pool_client_id
        self.staff_sign_in = staff_domain.base_url()
        self.staff_authority = f"{identity.authority_url or cognito_itself}/{self.staff_pool.user_pool_id}"
        self.staff_client_id = staff.user_pool_client_id
        programmes = {main: MAIN_PROGRAMME, canary: CANARY_PROGRAMME, staff: MAIN_PROGRAMME}
        programmes |= dict.fromkeys(partners.values(), MAIN_PROGRAMME) | {visitor: CANARY_PROGRAMME}
        self.canary_client_id = visitor.user_pool_client_id
        self.token_url = f"{identity.authority_url or self.member_sign_in}/oauth2/token"
        self.program_by_client = _by_client({client: str(programme) for client, programme in programmes.items()})
        self.partner_by_client = _by_client({client: f'"{name}"' for name, client in partners.items()})
        for name, value in {
            "MemberPoolId": self.member_pool.user_pool_id,
            "MemberClientId": main.user_pool_client_id,
            "CanaryClientId": canary.user_pool_client_id,
            "CanaryVisitorClientId": visitor.user_pool_client_id,
            "PartnerClientId": partners[identity.partners[0]].user_pool_client_id,
            **{
                f"Partner{name.title().replace('-', '')}ClientId": client.user_pool_client_id
                for name, client in list(partners.items())[1:]
            },
            "StaffPoolId": self.staff_pool.user_pool_id,
            "StaffClientId": staff.user_pool_client_id,
            "MemberDomain": member_domain.base_url(),
            "StaffDomainUrl": staff_domain.base_url(),
        }.items():
            CfnOutput(self, name, value=value)

    def _machine_client(self, id: str, scopes: list[cognito.OAuthScope]) -> cognito.UserPoolClient:
        return self.member_pool.add_client(
            id,
            generate_secret=True,
            o_auth=cognito.OAuthSettings(flows=cognito.OAuthFlows(client_credentials=True), scopes=scopes),
            access_token_validity=Duration.minutes(60),
            enable_token_revocation=True,
        )

    def _browser_client(
        self,
        pool: cognito.UserPool,
        id: str,
        scopes: list[cognito.OAuthScope],
        callback_urls: tuple[str, ...],
        logout_urls: tuple[str, ...],
    ) -> cognito.UserPoolClient:
        passwords = self._settings.identity.password_sign_in
        return pool.add_client(
            id,
            generate_secret=False,
            auth_flows=cognito.AuthFlow(user_srp=True, user_password=passwords, admin_user_password=passwords),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=scopes,
                callback_urls=list(callback_urls),
                logout_urls=list(logout_urls),
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.minutes(60),
            id_token_validity=Duration.minutes(60),
            refresh_token_validity=Duration.days(30),
        )

    def _domain(
        self, pool: cognito.UserPool, id: str, prefix: str, *clients: cognito.UserPoolClient
    ) -> cognito.UserPoolDomain:
        domain = pool.add_domain(
            id,
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        for client in clients:
            style = cognito.CfnManagedLoginBranding(
                self,
                f"{client.node.id}SignInStyle",
                user_pool_id=pool.user_pool_id,
                client_id=client.user_pool_client_id,
                use_cognito_provided_values=True,
            )
            style.node.add_dependency(domain)
        return domain


_PERSON = [cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE]


def _by_client(values: dict[cognito.UserPoolClient, str]) -> str:
    """JSON of client id → value, by hand: ids are known at deployment, and a template's JSON cannot have such keys."""
    parts = ["{"]
    for client, value in values.items():
        parts += [*([","] if len(parts) > 1 else []), '"', client.user_pool_client_id, f'":{value}']
    return Fn.join("", [*parts, "}"])
