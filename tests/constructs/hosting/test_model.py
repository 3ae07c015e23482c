"""Models: content, role, network, name."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs.hosting import Model, ModelSource

Resources = Callable[[str], list[dict[str, Any]]]
MODEL = "AWS::SageMaker::Model"
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
PACKAGE = ModelSource.from_package(PACKAGE_ARN)


def test_a_model_of_an_approved_package_is_isolated_and_unnamed(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    Model(stack, "M", source=PACKAGE, role=role)

    assert resources(MODEL) == [
        {
            "EnableNetworkIsolation": True,
            "ExecutionRoleArn": role.role_arn,
            "PrimaryContainer": {"ModelPackageName": PACKAGE_ARN},
        }
    ]


def test_a_package_of_the_same_stack_is_referred_to(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    package = sagemaker.CfnModelPackage(stack, "Package", model_package_group_name="churn")

    Model(stack, "M", source=ModelSource.from_package(package), role=role)

    container = resources(MODEL)[0]["PrimaryContainer"]
    assert container == {"ModelPackageName": {"Ref": "Package"}} or "Fn::GetAtt" in str(container)


def test_a_model_of_an_image_makes_the_least_role_that_can_host_it(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    source = ModelSource.from_image(
        repository,
        tag_or_digest="sha256:" + "0" * 64,
        model_data_bucket=bucket,
        model_data_key="models/churn/model.tar.gz",
        environment={"WORKERS": "2"},
    )

    Model(stack, "M", source=source)

    container = resources(MODEL)[0]["PrimaryContainer"]
    assert container["ModelDataUrl"] == "s3://churn-artifacts/models/churn/model.tar.gz"
    assert container["Environment"] == {"WORKERS": "2"}
    assert str(container["Image"]).endswith("/churn@sha256:" + "0" * 64 + "']]}")
    statements = resources("AWS::IAM::ManagedPolicy")[0]["PolicyDocument"]["Statement"]
    readable = [one["Resource"] for one in statements if one["Action"] == "s3:GetObject"]
    assert ":s3:::churn-artifacts/models/churn/*" in str(readable)


def test_a_model_whose_image_contains_it_reads_no_bucket(
    stack: cdk.Stack, repository: ecr.IRepository, resources: Resources
) -> None:
    Model(stack, "M", source=ModelSource.from_image(repository, tag_or_digest="1"))

    assert "ModelDataUrl" not in resources(MODEL)[0]["PrimaryContainer"]
    assert "s3:" not in str(resources("AWS::IAM::ManagedPolicy")[0]["PolicyDocument"])


def test_permissions_that_are_granted_later_are_there_before_the_model_too(
    stack: cdk.Stack, bucket: s3.IBucket
) -> None:
    own_role = iam.Role(
        stack, "OwnRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")
    )
    Model(stack, "M", source=PACKAGE, role=own_role)

    bucket.grant_read(own_role)

    template = assertions.Template.from_stack(stack)
    model = next(iter(template.find_resources(MODEL).values()))
    assert model["DependsOn"] == list(template.find_resources("AWS::IAM::Policy"))


def test_a_named_model_gets_another_name_for_any_other_content(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    other_role = iam.Role.from_role_arn(
        stack, "Other", "arn:aws:iam::111111111111:role/other", mutable=False
    )
    other = ModelSource.from_package(PACKAGE_ARN[:-1] + "8")
    changed = ModelSource.from_package(PACKAGE_ARN, environment={"WORKERS": "2"})
    for number, content in enumerate(
        [
            {"source": PACKAGE, "role": role},
            {"source": other, "role": role},
            {"source": changed, "role": role},
            {"source": PACKAGE, "role": other_role},
            {"source": PACKAGE, "role": role, "network_isolation": False},
            {"source": PACKAGE, "role": role, "vpc": vpc},
        ]
    ):
        Model(stack, f"M{number}", name_prefix="churn-prod", **content)  # type: ignore[arg-type]

    names = [model["ModelName"] for model in resources(MODEL)]
    assert len(set(names)) == len(names) == 6
    assert all(name.startswith("churn-prod-") for name in names)


def test_the_same_content_has_the_same_name_in_every_stack(role: iam.IRole) -> None:
    names = []
    for _ in range(2):
        stack = cdk.Stack(cdk.App(), "Another")
        same_role = iam.Role.from_role_arn(stack, "R", role.role_arn, mutable=False)
        Model(stack, "M", source=PACKAGE, role=same_role, name_prefix="churn")
        found = assertions.Template.from_stack(stack).find_resources(MODEL)
        names.append(next(iter(found.values()))["Properties"]["ModelName"])

    assert names[0] == names[1]


def test_an_imported_model_is_known_by_its_name(stack: cdk.Stack) -> None:
    imported = Model.from_model_name(stack, "M", "churn-2026")

    assert imported.model_name == "churn-2026"
    assert imported.role is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"source": PACKAGE, "with_role": False}, "role: got none for a model package"),
        (
            {"source": ModelSource.from_package("churn")},
            "model package: got 'churn'; allowed is the ARN of one version",
        ),
        (
            {"source": ModelSource.from_package(PACKAGE_ARN.removesuffix("/7"))},
            "allowed is the ARN of one version",
        ),
        (
            {"source": ModelSource.from_package(PACKAGE_ARN, environment={"A": "x" * 1025})},
            "environment A: got 1025 bytes; allowed are at most 1024 for a value",
        ),
        (
            {
                "source": ModelSource.from_package(
                    PACKAGE_ARN, environment={f"V{n:02}": "x" * 1020 for n in range(33)}
                )
            },
            "bytes together; allowed are at most 32768",
        ),
        ({"name_prefix": "x" * 53}, "name_prefix: got 'xxx"),
        ({"name_prefix": "churn_prod"}, "letters, digits and hyphens"),
        (
            {"subnets": ec2.SubnetSelection(one_per_az=True)},
            "subnets, security_groups: require vpc; give vpc too",
        ),
    ],
)
def test_what_a_model_cannot_be_is_rejected(
    stack: cdk.Stack, role: iam.IRole, arguments: dict[str, Any], expected: str
) -> None:
    given = {"source": PACKAGE, **arguments}
    if given.pop("with_role", True):
        given["role"] = role

    with pytest.raises(ValueError) as rejection:
        Model(stack, "M", **given)

    assert expected in str(rejection.value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"tag_or_digest": ""}, "tag_or_digest: got an empty string"),
        ({"model_data_key": "m.tar.gz"}, "got only one of model_data_bucket and model_data_key"),
        (
            {"model_data_key": "models/m.zip", "in_bucket": True},
            "model_data_key: got 'models/m.zip'; allowed is one gzip-compressed tar archive",
        ),
    ],
)
def test_what_an_image_source_cannot_be_is_rejected(
    stack: cdk.Stack,
    repository: ecr.IRepository,
    bucket: s3.IBucket,
    arguments: dict[str, Any],
    expected: str,
) -> None:
    given = {"tag_or_digest": "1", **arguments}
    if given.pop("in_bucket", False):
        given["model_data_bucket"] = bucket

    with pytest.raises(ValueError) as rejection:
        Model(stack, "M", source=ModelSource.from_image(repository, **given))

    assert expected in str(rejection.value)


def test_all_problems_are_told_at_once(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError) as rejection:
        Model(stack, "M", source=ModelSource.from_package("churn"), name_prefix="-")

    assert str(rejection.value).startswith("Model S/M cannot be defined:")
    assert str(rejection.value).count("\n  - ") == 3


def test_values_that_only_cloudformation_knows_are_not_judged(
    stack: cdk.Stack, role: iam.IRole, resources: Resources
) -> None:
    package = cdk.CfnParameter(stack, "Package").value_as_string

    Model(stack, "M", source=ModelSource.from_package(package), role=role)

    assert resources(MODEL)[0]["PrimaryContainer"] == {"ModelPackageName": {"Ref": "Package"}}
