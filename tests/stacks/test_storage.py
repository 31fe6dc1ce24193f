"""Queues, buckets, topics, keys, logs: nothing in the clear, nothing lost, nothing kept for ever."""

from __future__ import annotations

from typing import Any

from tests.stacks.assembly import Assembly


def _denies_plain_transport(policy: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny" and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["Statement"]
    )


def _dead_letter_queues(assembly: Assembly) -> set[tuple[str, str]]:
    return (
        {
            assembly.follow(queue.stack, queue.properties["RedrivePolicy"]["deadLetterTargetArn"])[:2]
            for queue in assembly.resources("AWS::SQS::Queue")
            if "RedrivePolicy" in queue.properties
        }
        | {
            assembly.follow(function.stack, function.properties["DeadLetterConfig"]["TargetArn"])[:2]
            for function in assembly.resources("AWS::Lambda::Function")
            if "DeadLetterConfig" in function.properties
        }
        | {
            assembly.follow(rule.stack, target["DeadLetterConfig"]["Arn"])[:2]
            for rule in assembly.resources("AWS::Events::Rule")
            for target in rule.properties["Targets"]
            if "DeadLetterConfig" in target
        }
    )


def test_a_file_that_cannot_be_imported_is_not_forgotten(assembly: Assembly) -> None:
    (importer,) = [
        one
        for one in assembly.resources("AWS::Lambda::Function")
        if one.properties["Handler"] == "lambdas.importer.handler"
    ]
    kept = assembly.follow(importer.stack, importer.properties["DeadLetterConfig"]["TargetArn"])[:2]
    watched = {
        assembly.follow(alarm.stack, dimension["Value"])[:2]
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        for metric in alarm.properties.get("Metrics", [])
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"].get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }
    assert kept in watched


def test_every_queue_has_dead_letters_and_gives_up_after_some_tries(assembly: Assembly) -> None:
    dead = _dead_letter_queues(assembly)
    queues = list(assembly.resources("AWS::SQS::Queue"))
    assert len(queues) >= 5
    for queue in queues:
        if (queue.stack, queue.id) not in dead:
            assert 1 <= queue.properties["RedrivePolicy"]["maxReceiveCount"] <= 100, str(queue)


def test_dead_letters_are_kept_longer_than_the_messages_they_were(assembly: Assembly) -> None:
    dead = _dead_letter_queues(assembly)
    for queue in assembly.resources("AWS::SQS::Queue"):
        kept = queue.properties["MessageRetentionPeriod"]
        assert kept == 14 * 86_400 if (queue.stack, queue.id) in dead else kept < 14 * 86_400, str(queue)


def test_every_queue_is_encrypted_and_refuses_plain_http(assembly: Assembly) -> None:
    protected = {
        assembly.follow(policy.stack, queue)[:2]
        for policy in assembly.resources("AWS::SQS::QueuePolicy")
        if _denies_plain_transport(policy.properties["PolicyDocument"])
        for queue in policy.properties["Queues"]
    }
    for queue in assembly.resources("AWS::SQS::Queue"):
        assert (queue.stack, queue.id) in protected, str(queue)
        assert queue.properties.get("KmsMasterKeyId"), str(queue)


def test_every_bucket_is_encrypted_private_and_refuses_plain_http(assembly: Assembly) -> None:
    protected = {
        assembly.follow(policy.stack, policy.properties["Bucket"])[:2]
        for policy in assembly.resources("AWS::S3::BucketPolicy")
        if _denies_plain_transport(policy.properties["PolicyDocument"])
    }
    for bucket in assembly.resources("AWS::S3::Bucket"):
        assert (bucket.stack, bucket.id) in protected, str(bucket)
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}, str(bucket)
        assert "BucketEncryption" in bucket.properties, str(bucket)


def test_files_with_personal_data_are_deleted_by_themselves(assembly: Assembly) -> None:
    for bucket in assembly.resources("AWS::S3::Bucket"):
        rules = bucket.properties["LifecycleConfiguration"]["Rules"]
        assert any(rule["Status"] == "Enabled" and rule.get("ExpirationInDays") for rule in rules), str(bucket)


def test_every_topic_is_encrypted_and_refuses_plain_http(assembly: Assembly) -> None:
    protected = {
        assembly.follow(policy.stack, topic)[:2]
        for policy in assembly.resources("AWS::SNS::TopicPolicy")
        if any(
            statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement.get("Condition"))
            for statement in policy.properties["PolicyDocument"]["Statement"]
        )
        for topic in policy.properties["Topics"]
    }
    for topic in assembly.resources("AWS::SNS::Topic"):
        assert (topic.stack, topic.id) in protected, str(topic)
        assert "KmsMasterKeyId" in topic.properties, str(topic)


def test_no_service_publishes_here_for_another_account(assembly: Assembly) -> None:
    for policy in assembly.resources("AWS::SNS::TopicPolicy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and "Service" in statement["Principal"]:
                conditions = {key.lower(): value for key, value in statement["Condition"]["StringEquals"].items()}
                assert conditions["aws:sourceaccount"] == "111111111111", str(policy)


def test_every_key_rotates(assembly: Assembly) -> None:
    for key in assembly.resources("AWS::KMS::Key"):
        assert key.properties["EnableKeyRotation"] is True, str(key)


def test_every_log_group_ends_somewhen(assembly: Assembly) -> None:
    groups = list(assembly.resources("AWS::Logs::LogGroup"))
    assert groups
    for group in groups:
        assert group.properties["RetentionInDays"] == 365, str(group)


def test_the_database_is_encrypted_by_our_key_and_takes_tls_only(assembly: Assembly) -> None:
    (cluster,) = assembly.resources("AWS::RDS::DBCluster")
    assert cluster.properties["StorageEncrypted"] is True
    assert assembly.at(assembly.follow(cluster.stack, cluster.properties["KmsKeyId"])).type == "AWS::KMS::Key"
    assert cluster.properties["DeletionProtection"] is True
    (parameters,) = assembly.resources("AWS::RDS::DBClusterParameterGroup")
    assert parameters.properties["Parameters"]["rds.force_ssl"] == "1"
    assert parameters.properties["Parameters"]["log_error_verbosity"] == "terse", "a refused row would be logged"
    (proxy,) = assembly.resources("AWS::RDS::DBProxy")
    assert proxy.properties["RequireTLS"] is True
    assert proxy.properties["DefaultAuthScheme"] == "IAM_AUTH"
    assert "Auth" not in proxy.properties, "end to end IAM keeps no secret in the proxy"


def test_what_holds_data_outlives_its_stack(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        for id, resource in template["Resources"].items():
            if resource["Type"] in (
                "AWS::S3::Bucket",
                "AWS::KMS::Key",
                "AWS::Cognito::UserPool",
                "AWS::Logs::LogGroup",
            ):
                assert resource["DeletionPolicy"] == "Retain", id
            if resource["Type"] == "AWS::RDS::DBCluster":
                assert resource["DeletionPolicy"] == "Snapshot", id
