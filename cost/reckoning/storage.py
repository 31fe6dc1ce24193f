"""Buckets, keys and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.templates import Resource
from cost.usage import HOURS

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


RULES: dict[str, Rule] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::KMS::Key": _key,
    "AWS::KMS::ReplicaKey": _key,
    "AWS::SecretsManager::Secret": _secret,
}
