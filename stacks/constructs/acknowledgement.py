"""Say beside a resource why a finding of cdk-nag is safe there. One finding a call; never on a stack."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *findings: str) -> None:
    """Accept `findings` (as cdk-nag prints them, with the part in brackets) on `scope` and what is below it."""
    assert not Stack.is_stack(scope), "an acknowledgement sits beside its resource, not on a whole stack"
    Validations.of(scope).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in findings))


def objects_from_elsewhere(bucket: s3.Bucket, mark: str, folder: str = "*") -> str:
    """What cdk-nag calls a bucket's objects in another stack's policy: by the output that the CDK makes of the bucket's
    ARN, whose name ends with a `mark` of its own. If that gets another name, synth refuses and says it."""
    stack, resource = Stack.of(bucket), bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    output = f"PublishOutputFnGetAtt{stack.get_logical_id(resource)}Arn{mark}"
    place = f'"StackName":"{stack.stack_name}","Region":"{stack.region}","OutputName":"{output}"'
    return f'{{"Fn::GetStackOutput":{{{place}}}}}/{folder}'
