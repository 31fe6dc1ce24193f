"""Models, model packages and their groups, and tags: what is kept about them and told again."""

from __future__ import annotations

import json
import re
from typing import Any

from local.simulators.aws_json.files import now
from local.simulators.sagemaker.files import File
from local.simulators.sagemaker.jobs import arn, seconds
from local.simulators.sagemaker.refusals import wrong

type Row = dict[str, Any]

IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64})?")
_NAME_OF_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package-group/(?P<name>.+)")
_PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/(?P<name>[^/]+)/(?P<version>\d+)")


def image(given: Any) -> str:
    """An image's address in ECR. ValidationException: it is none."""
    if not isinstance(given, str) or not IMAGE.fullmatch(given):
        raise wrong(f"Using non-ECR image {given!r} without a VPC repository configuration is not supported.")
    return given


def create(file: File, given: Row) -> Row:
    """CreateModel."""
    container = given.get("PrimaryContainer")
    if container is None or "ExecutionRoleArn" not in given:
        raise wrong("A model needs a PrimaryContainer and an ExecutionRoleArn")
    if "ModelPackageName" in container:
        _package(file, container["ModelPackageName"])
    else:
        image(container.get("Image"))
    name = given["ModelName"]
    with file.transaction():
        if file.one("select 1 from models where name = ?", name):
            raise wrong(f'Cannot create already existing model "{arn("model", name)}".')
        file.run("insert into models values (?, ?, ?)", name, json.dumps(given), now())
    return {"ModelArn": arn("model", name)}


def model(file: File, name: str) -> Row:
    """A model's row. ValidationException: there is none."""
    row = file.one("select * from models where name = ?", name)
    if row is None:
        raise wrong(f'Could not find model "{arn("model", name)}".')
    return row


def described(file: File, given: Row) -> Row:
    """DescribeModel."""
    row = model(file, given["ModelName"])
    asked = {name: value for name, value in json.loads(row["asked"]).items() if name != "Tags"}
    return {**asked, "ModelArn": arn("model", row["name"]), "CreationTime": seconds(row["created_at"])}


def delete(file: File, given: Row) -> Row:
    """DeleteModel."""
    model(file, given["ModelName"])
    file.run("delete from models where name = ?", given["ModelName"])
    return {}


def container(file: File, name: str) -> Row:
    """What a model's container is: Image, ModelDataUrl, Environment."""
    primary: Row = json.loads(model(file, name)["asked"])["PrimaryContainer"]
    if "ModelPackageName" not in primary:
        return primary
    package = json.loads(_package(file, primary["ModelPackageName"])["asked"])
    ours: Row = package["InferenceSpecification"]["Containers"][0]
    return {**ours, "Environment": {**ours.get("Environment", {}), **primary.get("Environment", {})}}


def create_group(file: File, given: Row) -> Row:
    """CreateModelPackageGroup."""
    name = given["ModelPackageGroupName"]
    with file.transaction():
        if file.one("select 1 from groups where name = ?", name):
            raise wrong(f"Model Package Group already exists: {arn('model-package-group', name)}")
        file.run("insert into groups values (?, ?, ?)", name, json.dumps(given), now())
    return {"ModelPackageGroupArn": arn("model-package-group", name)}


def described_group(file: File, given: Row) -> Row:
    """DescribeModelPackageGroup."""
    name = _group(given["ModelPackageGroupName"])
    row = file.one("select * from groups where name = ?", name)
    if row is None:
        raise wrong(f"ModelPackageGroup {arn('model-package-group', name)} does not exist.")
    asked = {key: value for key, value in json.loads(row["asked"]).items() if key != "Tags"}
    return {
        **asked,
        "ModelPackageGroupName": name,
        "ModelPackageGroupArn": arn("model-package-group", name),
        "CreationTime": seconds(row["created_at"]),
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }


def create_package(file: File, given: Row) -> Row:
    """CreateModelPackage: the next version of its group; the same again for the same ClientToken."""
    if "ModelPackageGroupName" not in given or "InferenceSpecification" not in given:
        raise wrong("A model package needs a ModelPackageGroupName and an InferenceSpecification")
    for one in given["InferenceSpecification"]["Containers"]:
        image(one.get("Image"))
    name, token, moment = _group(given["ModelPackageGroupName"]), given.get("ClientToken"), now()
    with file.transaction():
        same = file.one("select * from packages where group_name = ? and token = ?", name, token) if token else None
        if same is not None:
            return {"ModelPackageArn": _package_arn(same)}
        # The group belongs to a stack, whose types the local cloud only records.
        file.run(
            "insert or ignore into groups values (?, ?, ?)", name, json.dumps({"ModelPackageGroupName": name}), moment
        )
        newest = file.one("select max(version) as version from packages where group_name = ?", name)
        version = int((newest or {}).get("version") or 0) + 1
        file.run(
            "insert into packages values (?, ?, ?, ?, ?, ?, ?)",
            *(name, version, given.get("ModelApprovalStatus", "PendingManualApproval"), json.dumps(given), token),
            *(moment, moment),
        )
    return {"ModelPackageArn": arn("model-package", f"{name}/{version}")}


def described_package(file: File, given: Row) -> Row:
    """DescribeModelPackage."""
    row = _package(file, given["ModelPackageName"])
    asked = {name: value for name, value in json.loads(row["asked"]).items() if name not in ("Tags", "ClientToken")}
    details = [{"Name": row["group_name"], "Status": "Completed"}]
    return {
        **asked,
        **_summary(row),
        "LastModifiedTime": seconds(row["changed_at"]),
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": details},
    }


def listed_packages(file: File, given: Row) -> Row:
    """ListModelPackages of a group, the newest first unless the order is Ascending."""
    if "ModelPackageGroupName" not in given:
        raise wrong("This stand-in lists the packages of one ModelPackageGroupName")
    order = "asc" if given.get("SortOrder") == "Ascending" else "desc"
    most = min(int(given.get("MaxResults", 100)), int(file.settings()["page_size"]))
    token = given.get("NextToken", "0")
    if not str(token).isdecimal():
        raise wrong("NextToken is none of this stand-in's")
    approval = given.get("ModelApprovalStatus")
    rows = file.all(
        "select * from packages where group_name = ? and (? is null or approval = ?)"  # noqa: S608
        f" order by version {order} limit ? offset ?",
        *(_group(given["ModelPackageGroupName"]), approval, approval, most + 1, int(token)),
    )
    more = {"NextToken": str(int(token) + most)} if len(rows) > most else {}
    return {"ModelPackageSummaryList": [_summary(row) for row in rows[:most]], **more}


def update_package(file: File, given: Row) -> Row:
    """UpdateModelPackage: approval, its description, and metadata."""
    row = _package(file, given["ModelPackageArn"])
    asked = json.loads(row["asked"])
    if strange := given.keys() - {"ModelPackageArn", "ModelApprovalStatus", "ApprovalDescription", *_METADATA}:
        raise wrong(f"This stand-in does not take {sorted(strange)[0]}")
    metadata = {**asked.get("CustomerMetadataProperties", {}), **given.get("CustomerMetadataProperties", {})}
    for name in given.get("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(name, None)
    asked |= {"CustomerMetadataProperties": metadata} if metadata else {}
    if "ApprovalDescription" in given:
        asked["ApprovalDescription"] = given["ApprovalDescription"]
    file.run(
        "update packages set approval = ?, asked = ?, changed_at = ? where group_name = ? and version = ?",
        *(given.get("ModelApprovalStatus", row["approval"]), json.dumps(asked), now()),
        *(row["group_name"], row["version"]),
    )
    return {"ModelPackageArn": _package_arn(row)}


_METADATA = ("CustomerMetadataProperties", "CustomerMetadataPropertiesToRemove")


def tag(file: File, given: Row) -> Row:
    """AddTags."""
    for one in given["Tags"]:
        file.run("insert or replace into tags values (?, ?, ?)", given["ResourceArn"], one["Key"], one["Value"])
    return {"Tags": tags(file, given)["Tags"]}


def tags(file: File, given: Row) -> Row:
    """ListTags."""
    rows = file.all("select key, value from tags where arn = ? order by key", given["ResourceArn"])
    return {"Tags": [{"Key": row["key"], "Value": row["value"]} for row in rows]}


def _group(name: str) -> str:
    found = _NAME_OF_ARN.fullmatch(name)
    return found["name"] if found else name


def _package(file: File, told: str) -> Row:
    found = _PACKAGE.fullmatch(told)
    row = found and file.one(
        "select * from packages where group_name = ? and version = ?", found["name"], int(found["version"])
    )
    if not row:
        raise wrong(f"ModelPackage {told} does not exist.")
    return row


def _package_arn(row: Row) -> str:
    return arn("model-package", f"{row['group_name']}/{row['version']}")


def _summary(row: Row) -> Row:
    described = json.loads(row["asked"]).get("ModelPackageDescription")
    return {
        "ModelPackageGroupName": row["group_name"],
        "ModelPackageVersion": row["version"],
        "ModelPackageArn": _package_arn(row),
        "CreationTime": seconds(row["created_at"]),
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": row["approval"],
        **({"ModelPackageDescription": described} if described else {}),
    }
