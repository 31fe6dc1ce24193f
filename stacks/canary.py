"""The canary: a member of the programme whose orders are trials, who redeems every few minutes."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.api import ApiStack
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.rest_api import STAGE
from stacks.constructs.schedule import every
from stacks.constructs.secret import may_read
from stacks.identity import IdentityStack
from stacks.integrations import IntegrationsStack
from stacks.settings import Settings


class CanaryStack(Stack):
    """`functions`: the one that visits. Without a schedule it can still be run by hand."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        identity: IdentityStack,
        integrations: IntegrationsStack,
        api: ApiStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        laptop = settings.identity.authority_url
        door = api.apis["Member"]
        function = Functions(self, vpc=vpc, settings=settings).add(
            "canary",
            description="Redeems as a member of the canary's programme, and gives it back",
            timeout_seconds=300,
            memory_mb=256,
            database=database,
            environment={
                "CANARY_CLIENT_ID": identity.canary_client_id,
                "CANARY_SECRET_ARN": integrations.canary.secret_arn,
                "CANARY_ADDRESS": json.dumps(settings.canary.model_dump(), sort_keys=True),
                "TOKEN_URL": identity.token_url,
                # The emulator's gateway has one address for all APIs.
                "MEMBER_API_URL": f"{laptop}/_aws/execute-api/{door.api.rest_api_id}/{STAGE}" if laptop else door.url,
            },
        )
        may_read(integrations.canary, function)
        minutes = settings.schedules.canary_minutes
        every(self, "Visit", "The canary's regular visit", minutes, function, late_minutes=5)
        self.functions = [function]
