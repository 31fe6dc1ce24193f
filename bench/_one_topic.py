"""The least CDK app there is: what `bench.synth` compares with."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sns as sns


def main() -> None:
    app = cdk.App(builtin_cloud_formation_validation=False)
    sns.Topic(cdk.Stack(app, "one"), "Topic")
    app.synth()


if __name__ == "__main__":
    main()
