"""Whose account it is, and whether this application can stand in it: bootstrap, region, roles, trail, images."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.preflight.account import Account, Refused
from delivery.preflight.findings import Finding, Remedy, ok, to_do, unknown
from stacks.settings import Settings

# Of the firewall before the web apps, and of AWS's list of regions.
EDGE = "us-east-1"
# What the CDK's default synthesis asks for; a test compares it with the templates.
BOOTSTRAP_VERSION = 6
BOOTSTRAP = Remedy(
    "cdk bootstrap aws://{account}/{region}",
    "your shell, once for each region, with the rights to create roles and a bucket",
    "about two minutes",
    "https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html",
)
SERVICES = "/aws/service/global-infrastructure/regions/{region}/services"
REGIONS_SOURCE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html"
ALWAYS = (
    *("apigateway", "application-autoscaling", "aurora", "cloudformation", "cloudwatch", "cognito-idp", "ec2", "ecr"),
    *("ecs", "eventbridge", "fargate", "iam", "kms", "lambda", "logs", "rds", "s3", "secretsmanager", "ses", "sns"),
    *("sqs", "ssm", "stepfunctions", "xray"),
)
# Made by the first use in an account; the first deployment of some fails when it is too quick for it.
SERVICE_ROLES = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
}
REDSHIFT_ROLE = {"redshift.amazonaws.com": "AWSServiceRoleForRedshift"}


def identity(account: Account, settings: Settings) -> Iterator[Finding]:
    """The credentials' account is the config's."""
    wanted, subject = settings.deployment.account, "account"
    try:
        caller = account.ask("sts", "GetCallerIdentity")
    except Refused as refused:
        login = Remedy(
            "sign in: aws sso login, or AWS_PROFILE=…",
            "your shell",
            "a minute",
            "https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-configure.html",
        )
        yield to_do(subject, str(refused), login)
        return
    if caller["Account"] != wanted:
        remedy = Remedy(
            f"take the credentials of {wanted}, or write {caller['Account']} into [deployment] account",
            "your shell, or the config",
            "a minute",
            "docs/operations/deploy.md",
        )
        yield to_do(subject, f"the credentials are of {caller['Account']}, the config says {wanted}", remedy)
    else:
        yield ok(subject, f"{wanted}, as {caller['Arn']}")


def services(settings: Settings) -> tuple[str, ...]:
    """What this config uses, by the names of AWS's public parameters."""
    lake = settings.lake.enabled
    optional = {
        "glue": lake,
        "redshift-serverless": lake,
        "redshift-data": lake,
        "sagemaker": lake and settings.insight.enabled,
        "personalize": settings.insight.personalize.enabled,
        "quicksight": settings.lake.quicksight.enabled,
        "textract": settings.invoices.enabled,
        "amplify": settings.portals.hosting == "amplify",
    }
    return (*ALWAYS, *(name for name, used in optional.items() if used))


def region(account: Account, settings: Settings) -> Iterator[Finding]:
    """Every service that the config uses is in its region, and the zones it names are the account's."""
    here = settings.deployment.region
    try:
        path = SERVICES.format(region=here)
        # The list of a region other than one's own is answered everywhere; this one is always there.
        found = account.pages("ssm", "GetParametersByPath", "Parameters", region=EDGE, Path=path)
        offered = {parameter["Name"].removeprefix(f"{path}/").split("/")[0] for parameter in found}
    except Refused as refused:
        yield unknown("services of the region", str(refused))
    else:
        missing = [name for name in services(settings) if name not in offered]
        elsewhere = Remedy(
            f"another region, or turn off what needs {', '.join(missing)}",
            "[deployment] region, or the sections' `enabled`",
            "none is given to one account alone",
            REGIONS_SOURCE,
        )
        if not offered:
            yield unknown("services of the region", f"AWS lists none for {here}", elsewhere)
        elif missing:
            yield to_do("services of the region", f"{here} has no {', '.join(missing)}", elsewhere)
        else:
            yield ok("services of the region", f"all {len(services(settings))} are in {here}")
    yield from _zones(account, settings)


def _zones(account: Account, settings: Settings) -> Iterator[Finding]:
    try:
        answer = account.ask("ec2", "DescribeAvailabilityZones")
    except Refused as refused:
        yield unknown("zones", str(refused))
        return
    there = {zone["ZoneName"] for zone in answer["AvailabilityZones"] if zone["State"] == "available"}
    missing = [zone for zone in settings.network.availability_zones if zone not in there]
    remedy = Remedy(
        f"choose of {', '.join(sorted(there))}",
        "[network] availability_zones",
        "a minute",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html",
    )
    if missing:
        yield to_do("zones", f"this account has no {', '.join(missing)}", remedy)
    else:
        yield ok("zones", ", ".join(settings.network.availability_zones))


def bootstrap(account: Account, settings: Settings) -> Iterator[Finding]:
    """The CDK's own stack stands, new enough, in every region that is deployed to."""
    deployment = settings.deployment
    regions = [deployment.region]
    if settings.portals.hosting == "amplify" and settings.api.firewall and deployment.region != EDGE:
        regions.append(EDGE)
    for where in regions:
        subject = f"CDK bootstrap in {where}"
        command = BOOTSTRAP.what.format(account=deployment.account, region=where)
        remedy = Remedy(command, BOOTSTRAP.where, BOOTSTRAP.lasts, BOOTSTRAP.source)
        try:
            answer = account.ask("ssm", "GetParameter", region=where, Name="/cdk-bootstrap/hnb659fds/version")
        except Refused as refused:
            if refused.code == "ParameterNotFound":
                yield to_do(subject, "is not there", remedy)
            else:
                yield unknown(subject, str(refused), remedy)
            continue
        version = answer["Parameter"]["Value"]
        if not version.isdecimal() or int(version) < BOOTSTRAP_VERSION:
            yield to_do(subject, f"is of version {version}, needed is {BOOTSTRAP_VERSION}", remedy)
        else:
            yield ok(subject, f"version {version}")


def roles(account: Account, settings: Settings) -> Iterator[Finding]:
    """The roles that services make for themselves are there."""
    for service, role in (SERVICE_ROLES | (REDSHIFT_ROLE if settings.lake.enabled else {})).items():
        subject = f"role {role}"
        remedy = Remedy(
            f"aws iam create-service-linked-role --aws-service-name {service}",
            "your shell; or let the first deployment make it, and repeat it if it says that the role cannot be assumed",
            "seconds",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html",
        )
        try:
            account.ask("iam", "GetRole", RoleName=role)
        except Refused as refused:
            if refused.code == "NoSuchEntity":
                yield to_do(subject, "is not there yet", remedy, blocks=False)
            else:
                yield unknown(subject, str(refused), remedy)
            continue
        yield ok(subject, "is there")


def trail(account: Account, _: Settings) -> Iterator[Finding]:
    """A trail of management events stands already: the first copy in a region is free, a second is paid for."""
    subject = "trail of the account"
    try:
        trails = account.ask("cloudtrail", "DescribeTrails", includeShadowTrails=True)["trailList"]
        logging = [
            one["Name"]
            for one in trails
            if account.ask("cloudtrail", "GetTrailStatus", Name=one["TrailARN"])["IsLogging"]
        ]
    except Refused as refused:
        yield unknown(subject, str(refused))
        return
    if logging:
        yield ok(subject, f"{', '.join(logging)} stands: a second one of this deployment would be paid for")
    else:
        yield ok(subject, "none writes: that of this deployment is the first copy, which costs nothing but its storage")


def images(account: Account, settings: Settings) -> Iterator[Finding]:
    """Images that the config names by digest were pushed."""
    named = {
        "services.payments.image": settings.services.payments.image,
        "services.orders.image": settings.services.orders.image,
        "insight.image": settings.insight.image if settings.insight.enabled and settings.lake.enabled else "",
    }
    for key, image in named.items():
        if not image:
            yield ok(f"image {key}", "is built by the deployment, which needs Docker where it runs")
            continue
        repository, digest = image.split("/", 1)[1].split("@")
        owner, where = image.split(".")[0], image.split(".")[3]
        remedy = Remedy(
            "run the workflow `images`, and put the digest that it prints into the config",
            f"[{key.rpartition('.')[0]}] image",
            "some ten minutes",
            "docs/operations/deploy.md",
        )
        try:
            account.ask(
                *("ecr", "DescribeImages"),
                region=where,
                registryId=owner,
                repositoryName=repository,
                imageIds=[{"imageDigest": digest}],
            )
        except Refused as refused:
            if refused.code in ("ImageNotFoundException", "RepositoryNotFoundException"):
                yield to_do(f"image {key}", f"{image} was not pushed", remedy)
            else:
                yield unknown(f"image {key}", str(refused), remedy)
            continue
        yield ok(f"image {key}", digest)
