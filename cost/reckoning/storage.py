"""Buckets, keys and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.templates import Resource
from cost.usage import DAYS, HOURS

# A function keeps a secret for five minutes; a handful of them are warm.
SECRET_READS = HOURS * 12 * 5


def _bucket(resource: Resource, world: World) -> Iterator[Line]:
    month = world.month
    yield world.line(resource, "s3_gb", month["files_gb_at_least"])
    if "AccessLogs" in resource.id:
        return
    objects = gb = Decimal(0)
    if resource.part == "documents":
        objects = month.documents
        gb = objects * month["kb_per_document"] * month["months_of_documents"] / 10**6
    elif resource.part == "invoices":
        objects = month.invoice_pages
        gb = objects * month["kb_per_paper"] * month["months_of_documents"] / 10**6
    elif resource.part == "lake":
        objects = month.facts / 1000
        gb = month.facts * month["bytes_per_fact_in_the_lake"] * month["months_of_history"] / 10**9
    elif resource.part == "feeds":
        gb = month.purchases * month["bytes_per_fact_in_the_lake"] / 10**9
    if gb:
        yield world.line(resource, "s3_gb", gb, variable=True)
        yield world.line(resource, "s3_writes", objects * 2, variable=True)
        yield world.line(resource, "s3_reads", objects * 4, variable=True)


def _key(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "kms_key", 1)


def _secret(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "secret", 1)
    yield world.line(resource, "secret_requests", SECRET_READS)


def _backup_plan(resource: Resource, world: World) -> Iterator[Line]:
    """The first snapshot is whole, the next ones what has changed; so is each copy, and on its way too."""
    month = world.month
    for rule in resource.properties["BackupPlan"]["BackupPlanRule"]:
        copies = rule.get("CopyActions", [])
        for place in (rule, *copies):
            days = Decimal(place.get("Lifecycle", {}).get("DeleteAfterDays", 1))
            gb = month.stored_gb * (1 + days * month["backup_share_per_day"])
            yield world.line(resource, "copies_gb", gb, variable=True, what="there" if place in copies else "here")
        if copies:
            moved = month.stored_gb * month["backup_share_per_day"] * DAYS * len(copies)
            yield world.line(resource, "region_to_region_gb", moved, variable=True)


def _repository(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "images_gb", world.month["gb_of_images"])


RULES: dict[str, Rule] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::Backup::BackupPlan": _backup_plan,
    "AWS::ECR::Repository": _repository,
    "AWS::KMS::Key": _key,
    "AWS::KMS::ReplicaKey": _key,
    "AWS::SecretsManager::Secret": _secret,
}
