"""Hubs before examples are deployed: a public one of AWS, and a private one that refers to it.

The account `AWS_ACCOUNT` represents AWS. The model of its public hub has a license, and data in a
bucket that no role of the account can read.
"""

from __future__ import annotations

import dataclasses
import json

from rehearsal.client.local_aws import LocalAws
from rehearsal.services.sagemaker.registry.hubs import AWS_ACCOUNT, PUBLIC_HUB

_NAME = "churn-net"
_FOLDER = f"{_NAME}/artifacts/inference/v1.0.0/"


def publish(aws: LocalAws, intercept: float) -> None:
    """Publishes a model in the public hub, with a reference from the account's hub `hub-model`."""
    owner = dataclasses.replace(aws, accounts=[AWS_ACCOUNT])
    bucket = f"jumpstart-cache-prod-{aws.region}"
    owner.client("s3").create_bucket(Bucket=bucket)
    content = json.dumps({"intercept": intercept}).encode()
    owner.client("s3").put_object(Bucket=bucket, Key=f"{_FOLDER}model.json", Body=content)
    document = {
        "HostingArtifactUri": f"s3://{bucket}/{_FOLDER}",
        "HostingEulaUri": f"s3://{bucket}/{_NAME}/eula.txt",
    }
    public = owner.client("sagemaker")
    public.create_hub(HubName=PUBLIC_HUB, HubDescription="What AWS publishes")
    public.import_hub_content(
        HubName=PUBLIC_HUB,
        HubContentType="Model",
        HubContentName=_NAME,
        HubContentVersion="1.0.0",
        DocumentSchemaVersion="2.3.0",
        HubContentDocument=json.dumps(document),
    )
    sagemaker = aws.client("sagemaker")
    sagemaker.create_hub(HubName="hub-model", HubDescription="What the organisation allows")
    sagemaker.create_hub_content_reference(
        HubName="hub-model",
        SageMakerPublicHubContentArn=f"arn:aws:sagemaker:{aws.region}:aws:hub-content/"
        f"{PUBLIC_HUB}/Model/{_NAME}",
    )
