"""Projects that adopt the retained stores of a deleted project of the same name."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.projects import AdoptedStores, Seed
from tests.constructs.projects.definitions import project_template_of

BUCKET, IMAGES = "project-churn-artifacts", "project-churn-images"
KEY = "arn:aws:kms:us-east-1:111111111111:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"
STATEFUL = {
    "AWS::CodeCommit::Repository": 2,
    "AWS::ECR::Repository": 1,
    "AWS::KMS::Key": 1,
    "AWS::S3::Bucket": 1,
    "AWS::SageMaker::ModelPackageGroup": 1,
}
LEFT = AdoptedStores(bucket_name=BUCKET, key_arn=KEY, image_repository_name=IMAGES)


def template_with(seed: Seed, **options: Any) -> Mapping[str, Any]:
    return project_template_of(seed, **options)


def kinds_of(template: Mapping[str, Any]) -> Counter[str]:
    """Returns the number of resources of each type, except for the varying number of policies."""
    kinds = (one["Type"] for one in template["Resources"].values())
    return Counter(kind for kind in kinds if kind != "AWS::IAM::ManagedPolicy")


def test_adopted_stores_are_not_part_of_the_stack_and_the_rest_is_new(
    seed: Seed, project_template: Mapping[str, Any]
) -> None:
    adopting = template_with(seed, adopted=LEFT)

    kinds, anew = kinds_of(adopting), kinds_of(project_template)
    assert anew - kinds == Counter({**STATEFUL, "AWS::S3::BucketPolicy": 1})
    assert kinds - anew == Counter()


def test_pipelines_and_roles_work_with_what_is_adopted(seed: Seed) -> None:
    adopting = template_with(seed, adopted=LEFT)

    pipelines = [
        one["Properties"]
        for one in adopting["Resources"].values()
        if one["Type"] == "AWS::CodePipeline::Pipeline"
    ]
    assert {one["ArtifactStore"]["Location"] for one in pipelines} == {BUCKET}
    assert {one["ArtifactStore"]["EncryptionKey"]["Id"] for one in pipelines} == {KEY}
    sources = {
        one["Stages"][0]["Actions"][0]["Configuration"]["RepositoryName"] for one in pipelines
    }
    assert sources == {"churn-model-build", "churn-model-deploy"}
    outputs = adopting["Outputs"]
    assert outputs["ArtifactBucketName"]["Value"] == BUCKET
    assert outputs["ModelPackageGroupName"]["Value"] == "churn"


def test_parameters_of_a_sagemaker_project_decide_on_adoption(
    parametrised_template: Mapping[str, Any],
) -> None:
    conditional = Counter(
        one["Type"]
        for one in parametrised_template["Resources"].values()
        if one.get("Condition") == "AdoptsNothing"
    )
    assert conditional == Counter({**STATEFUL, "AWS::S3::BucketPolicy": 1})
    defaults = {
        name: one.get("Default") for name, one in parametrised_template["Parameters"].items()
    }
    assert {name for name, value in defaults.items() if value == "none"} == {
        "AdoptBucketName",
        "AdoptImageRepositoryName",
        "AdoptKeyId",
    }
    assert "AdoptAllOrNothing" in parametrised_template["Rules"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"bucket_name": "s3://churn"},
            "bucket_name: got 's3://churn'; allowed is a bucket's name",
        ),
        ({"key_arn": "alias/churn"}, "key_arn: got 'alias/churn'; allowed is the ARN of a key"),
        ({"key_arn": KEY.replace("key/", "alias/")}, "allowed is the ARN of a key"),
        (
            {"image_repository_name": "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"},
            "allowed is the name of a repository without its registry",
        ),
    ],
)
def test_a_malformed_name_or_arn_is_rejected(changed: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"bucket_name": BUCKET, "key_arn": KEY, "image_repository_name": IMAGES}
    with pytest.raises(ValueError, match=problem):
        AdoptedStores(**{**given, **changed})


def test_adopted_stores_cannot_be_destroyed_with_the_project(seed: Seed) -> None:
    with pytest.raises(ValueError, match="removal_policy: got DESTROY, which cannot be combined"):
        template_with(seed, adopted=LEFT, removal_policy=cdk.RemovalPolicy.DESTROY)
