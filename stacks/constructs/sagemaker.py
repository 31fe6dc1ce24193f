"""What SageMaker runs at night: one image, in subnets without a way out, as one role, by the lake's key.

Jobs and models are made by the machine. Here are what they are made of, and one model without an artefact: that the
image serves is checked when it is deployed, not in the first night.
"""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as images
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from stacks import assets
from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.functions import NETWORK_INTERFACE_ACTIONS
from stacks.constructs.lake_files import INSIGHT, LakeFiles
from stacks.settings import Settings

DOCKERFILE = "containers/forecast/Dockerfile"
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
# What a job looks up to put its network interface into a subnet, and to let SageMaker use it.
LOOKED_UP = (
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
)
# How CloudFormation calls what another stack reads of the lake's bucket.
MARK = "1C68C0C3"


class SageMaker:
    """`image`: its address. `name`: what jobs, models and their group are called by. `role`: as which all of it runs.
    `firewall`, `subnets`: where."""

    def __init__(self, stack: Stack, *, vpc: ec2.IVpc, files: LakeFiles, settings: Settings) -> None:
        self._stack, self._files, self._settings = stack, files, settings
        self.name = f"loyalty-{settings.deployment.name}-demand"
        self.role = iam.Role(
            stack,
            "SageMakerRole",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
            description="Jobs of the night's analysis",
        )
        self.image = self._image()
        # By the subnets' only way: the gateway to S3. The image itself knows no network at all.
        self.firewall = ec2.SecurityGroup(
            stack, "SageMakerFirewall", vpc=vpc, description="Jobs of SageMaker", allow_all_outbound=False
        )
        self.firewall.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, by TLS")
        self.subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids
        self._may_work()
        self.group = sagemaker.CfnModelPackageGroup(
            stack,
            "Models",
            model_package_group_name=self.name,
            model_package_group_description="Models of demand: approved ones forecast, rejected ones were not good",
        )
        self._contract()
        self._card()
        CfnOutput(stack, "ModelGroupName", value=self.name)

    def arn(self, resource: str) -> str:
        """Of something of SageMaker's in this account."""
        return f"arn:aws:sagemaker:{self._stack.region}:{self._stack.account}:{resource}"

    def _image(self) -> str:
        """Its address; the role may fetch it."""
        given = self._settings.insight.image
        if not given:
            built = images.DockerImageAsset(
                self._stack,
                "Image",
                directory=str(assets.image_context()),
                file=DOCKERFILE,
                # SageMaker's training and processing have no Graviton.
                platform=images.Platform.LINUX_AMD64,
            )
            built.repository.grant_pull(self.role)
            return built.image_uri
        registry = given.split("@")[0]
        account, _, _, region, *_ = registry.split(".")
        name = registry.split("/", 1)[1]
        repository = ecr.Repository.from_repository_attributes(
            self._stack,
            "Images",
            repository_name=name,
            repository_arn=f"arn:aws:ecr:{region}:{account}:repository/{name}",
        )
        repository.grant_pull(self.role)
        return given

    def _may_work(self) -> None:
        bucket, role = self._files.bucket, self.role
        objects = bucket.arn_for_objects(f"{INSIGHT}*")
        logs = self._stack.format_arn(service="logs", resource="log-group:/aws/sagemaker/*")
        for actions, resource, conditions in (
            (["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], objects, None),
            (["s3:ListBucket"], bucket.bucket_arn, {"StringLike": {"s3:prefix": f"{INSIGHT}*"}}),
            ([*KEY_ACTIONS], self._files.key.key_arn, None),
            (["kms:CreateGrant"], self._files.key.key_arn, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            (
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                logs,
                None,
            ),
            (
                ["cloudwatch:PutMetricData"],
                "*",
                {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
            ),
            (sorted({*NETWORK_INTERFACE_ACTIONS, *LOOKED_UP}), "*", None),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions))
        acknowledge(
            role,
            "Network interfaces, metrics and ECR's token take no resource; the namespace of metrics is said",
            "AwsSolutions-IAM5[Resource::*]",
        )
        acknowledge(
            role,
            "Objects of one folder of the lake; log groups that SageMaker names itself",
            f"AwsSolutions-IAM5[Resource::{objects_from_elsewhere(bucket, MARK, f'{INSIGHT}*')}]",
            f"AwsSolutions-IAM5[Resource::{logs}]",
        )

    def _contract(self) -> None:
        model = sagemaker.CfnModel(
            self._stack,
            "Contract",
            execution_role_arn=self.role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(image=self.image),
            enable_network_isolation=True,
            vpc_config=sagemaker.CfnModel.VpcConfigProperty(
                security_group_ids=[self.firewall.security_group_id], subnets=self.subnets
            ),
        )
        # SageMaker looks at the image as the role when the model is made.
        model.node.add_dependency(self.role)

    def _card(self) -> None:
        """What the model is for and what it is not; how good each one was, the registry and the manager app say."""
        part = sagemaker.CfnModelCard
        part(
            self._stack,
            "Card",
            model_card_name=self.name,
            model_card_status="Approved",
            security_config=part.SecurityConfigProperty(kms_key_id=self._files.key.key_arn),
            content=part.ContentProperty(
                model_overview=part.ModelOverviewProperty(
                    model_name=self.name,
                    model_description="Units of rewards that members will ask for, a product and day, as quantiles",
                    problem_type="Forecasting",
                    algorithm_type="Gradient boosted trees over all products, blended with statistical models",
                ),
                intended_uses=part.IntendedUsesProperty(
                    purpose_of_model="Out-of-stock warnings, and what to order of products the programme keeps itself",
                    intended_uses="Read by people beside its range; it orders nothing and decides on no member",
                    factors_affecting_model_efficiency="Products younger than two weeks, campaigns never seen before",
                    risk_rating="Low",
                    explanations_for_risk_rating="Of products and days alone: no row of it is about a person",
                ),
                additional_information=part.AdditionalInformationProperty(
                    ethical_considerations="Nothing personal is in its inputs, its files or its outputs",
                    caveats_and_recommendations="Refused when no better than repeating the past: docs/forecast.md",
                ),
            ),
        )
