"""Calls to AWS that somebody is woken for, as patterns of CloudTrail's records (CloudWatch Logs' own language).

What a deployment changes it changes by CloudFormation, and by nobody's hand: that is recorded and wakes nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

BY_HAND = '($.sourceIPAddress != "cloudformation.amazonaws.com")'


@dataclass(frozen=True)
class AuditedCall:
    """`above`: so many in five minutes are nothing yet."""

    id: str
    pattern: str
    meaning: str
    above: int = 0


def _named(*names: str) -> str:
    return "(" + " || ".join(f'($.eventName = "{name}")' for name in names) + ")"


def _of(service: str) -> str:
    return f'($.eventSource = "{service}.amazonaws.com")'


def _all(*parts: str) -> str:
    return "{ " + " && ".join(parts) + " }"


AUDITED = (
    AuditedCall(
        "RootActs",
        _all(
            '($.userIdentity.type = "Root")',
            "($.userIdentity.invokedBy NOT EXISTS)",
            '($.eventType != "AwsServiceEvent")',
        ),
        "The account's root user did something: it is for emergencies",
    ),
    AuditedCall(
        "IamChanged",
        _all(_of("iam"), "($.readOnly IS FALSE)", BY_HAND),
        "A role, policy or user was changed by hand",
    ),
    AuditedCall(
        "KeysEndangered",
        _all(
            _of("kms"),
            _named("DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial", "PutKeyPolicy"),
            BY_HAND,
        ),
        "A key was disabled, is to be deleted, or lets in others: what it encrypts may be lost",
    ),
    AuditedCall(
        "FirewallsChanged",
        _all(
            _named(
                "AuthorizeSecurityGroupIngress",
                "AuthorizeSecurityGroupEgress",
                "RevokeSecurityGroupIngress",
                "RevokeSecurityGroupEgress",
                "ModifySecurityGroupRules",
                "CreateSecurityGroup",
                "DeleteSecurityGroup",
            ),
            BY_HAND,
        ),
        "A security group was changed by hand",
    ),
    AuditedCall(
        "BucketsOpened",
        _all(
            _of("s3"),
            _named(
                "PutBucketPolicy",
                "DeleteBucketPolicy",
                "PutBucketAcl",
                "PutBucketPublicAccessBlock",
                "DeleteBucketPublicAccessBlock",
                "PutAccountPublicAccessBlock",
                "DeleteAccountPublicAccessBlock",
            ),
            BY_HAND,
        ),
        "Who may come to a bucket was changed by hand",
    ),
    AuditedCall(
        "BackupsEndangered",
        _all(
            _named(
                "DeleteDBCluster",
                "DeleteDBClusterSnapshot",
                "DeleteDBClusterAutomatedBackup",
                "DeleteRecoveryPoint",
                "DeleteBackupVault",
                "DeleteBackupVaultLockConfiguration",
            ),
            # AWS Backup ends what is old by itself.
            '($.sourceIPAddress != "backup.amazonaws.com")',
        ),
        "The database, a snapshot or a copy of it was deleted",
    ),
    AuditedCall(
        "TrailChanged",
        _all(
            _of("cloudtrail"),
            _named("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors"),
        ),
        "The trail was changed or stopped: what came after may not be recorded",
    ),
    AuditedCall(
        "SignedInWithoutMfa",
        _all(
            '($.eventName = "ConsoleLogin")',
            '($.responseElements.ConsoleLogin = "Success")',
            '($.userIdentity.type = "IAMUser")',
            '($.additionalEventData.MFAUsed != "Yes")',
        ),
        "Somebody signed in to the console by a password alone",
    ),
    AuditedCall(
        "CallsRefused",
        _all('(($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*"))'),
        "Many calls were refused: somebody tries what they may not, or a role lacks a right",
        above=20,
    ),
)
