"""Custom resources: CDK's own helpers do nothing, they are Node or for things that do not exist here.

A failing one of ours says so at once: MiniStack waits an hour for the answer of a function that crashed.
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource, provisioners

from local.emulator.pinned import private, replace

DO_NOTHING = frozenset(
    {
        "Custom::AWS",
        "Custom::CrossRegionExportWriter",
        "Custom::LogRetention",
        "Custom::S3AutoDeleteObjects",
        "Custom::UserPoolCloudFrontDomainName",
        "Custom::VpcRestrictDefaultSG",
    }
)


def install() -> None:
    """Replace create, update and delete of the helpers; end the wait for a function that failed."""
    create = private(provisioners, "_custom_resource_create")
    update = private(provisioners, "_custom_resource_update")
    delete = private(provisioners, "_custom_resource_delete")

    def create_unless_helper(logical_id: str, properties: Any, stack: str, kind: str = "") -> Any:
        if kind in DO_NOTHING:
            return f"{stack}-{logical_id}", {}
        return create(logical_id, properties, stack, kind or "AWS::CloudFormation::CustomResource")

    def update_unless_helper(physical_id: str, old: Any, new: Any, stack: str, **named: Any) -> Any:
        if named.get("resource_type") in DO_NOTHING:
            return physical_id, {}
        return update(physical_id, old, new, stack, **named)

    def delete_unless_helper(physical_id: str, properties: Any, **named: Any) -> None:
        if named.get("resource_type") not in DO_NOTHING:
            delete(physical_id, properties, **named)

    replace(provisioners, "_custom_resource_create", create_unless_helper)
    replace(provisioners, "_custom_resource_update", update_unless_helper)
    replace(provisioners, "_custom_resource_delete", delete_unless_helper)

    execute = private(lambda_svc, "_execute_function_with_config_scope")
    deliver = private(custom_resource, "deliver_response")

    def execute_and_report(function: dict[str, Any], event: Any) -> Any:
        answer = execute(function, event)
        if isinstance(event, dict) and "ResponseURL" in event and answer.get("error"):
            body = answer.get("body") or {}
            reason = f"{body.get('errorType')}: {body.get('errorMessage')}" if isinstance(body, dict) else str(body)
            deliver(str(event["ResponseURL"]).rsplit("/", 1)[-1], {"Status": "FAILED", "Reason": reason})
        return answer

    replace(lambda_svc, "_execute_function_with_config_scope", execute_and_report)
