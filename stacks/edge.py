"""The firewall before the web apps. What stands before Amplify is made in us-east-1, and put before it from there."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from stacks.constructs.web_firewall import WebFirewall
from stacks.portals import PortalsStack
from stacks.settings import Settings

REGION = "us-east-1"
# A first visit is two dozen files that are kept in a cache; a visit asks the API about as often as it shows pages.
FILES_PER_REQUEST = 10


class EdgeStack(Stack):
    """In REGION, wherever the apps' stack is."""

    def __init__(self, scope: Construct, id: str, *, portals: PortalsStack, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        WebFirewall(
            self,
            "Firewall",
            reach="CLOUDFRONT",
            resources=portals.app_arns,
            requests_per_address=settings.api.requests_per_address * FILES_PER_REQUEST,
            settings=settings,
        )
