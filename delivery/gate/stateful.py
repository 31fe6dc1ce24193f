"""What must not be made anew unless somebody wants it so: by type of resource, and what would be gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATEFUL: Mapping[str, str] = {
    "AWS::Amplify::App": "the domain's records in the DNS lead to it",
    "AWS::ApiGateway::RestApi": "partners and web apps know its address",
    "AWS::Backup::BackupVault": "the copies in it",
    "AWS::CloudTrail::Trail": "the chain of digests that proves its files",
    "AWS::Cognito::UserPool": "everybody who can sign in",
    "AWS::Cognito::UserPoolClient": "its id and secret are with partners, sessions end",
    "AWS::Cognito::UserPoolDomain": "the sign-in address",
    "AWS::DynamoDB::Table": "its rows",
    "AWS::EC2::EIP": "others let our calls in by this address",
    "AWS::EC2::VPC": "everything in it",
    "AWS::ECR::Repository": "the images that are rolled back to",
    "AWS::Events::EventBus": "rules of others on it, and what is under way",
    "AWS::KMS::Key": "what it encrypted",
    "AWS::Logs::LogGroup": "the logs",
    "AWS::Personalize::Dataset": "what was learned from it",
    "AWS::Personalize::DatasetGroup": "what was learned in it",
    "AWS::RDS::DBCluster": "every point, member and order",
    "AWS::RedshiftServerless::Namespace": "the warehouse's rows",
    "AWS::S3::Bucket": "its objects",
    "AWS::SES::EmailIdentity": "its DKIM records in the DNS",
    "AWS::SNS::Topic": "subscriptions that people confirmed, and its name at others",
    "AWS::SQS::Queue": "the messages in it",
    "AWS::SageMaker::ModelPackageGroup": "the models and why each was taken",
    "AWS::SecretsManager::Secret": "what operators put into it",
    "AWS::StepFunctions::StateMachine": "its executions, redemptions among them",
}


def pinned(templates: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Stack → logical id → type, of all that is stateful: what tests/stacks/stateful.json holds."""
    found = {
        stack: {
            name: resource["Type"]
            for name, resource in sorted(template.get("Resources", {}).items())
            if resource["Type"] in STATEFUL
        }
        for stack, template in sorted(templates.items())
    }
    return {stack: resources for stack, resources in found.items() if resources}
