"""Say beside a resource why a finding of cdk-nag is safe there. One finding a call; never on a stack."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *findings: str) -> None:
    """Accept `findings` (as cdk-nag prints them, with the part in brackets) on `scope` and what is below it."""
    assert not Stack.is_stack(scope), "an acknowledgement sits beside its resource, not on a whole stack"
    Validations.of(scope).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in findings))
