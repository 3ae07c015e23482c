"""A server with Service Catalog, a portfolio that a stack makes, and users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.rehearsal.conftest import ACCOUNT, Aws, running_server

TEMPLATES = "catalog-templates"
LAUNCHES = {
    "Action": [
        "cloudformation:CreateStack",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
        "cloudformation:UpdateStack",
        "sns:*",
    ]
}
READS_TEMPLATES = {
    "Action": "s3:GetObject",
    "Condition": {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
}
USES = {
    "Action": [
        "servicecatalog:DescribeProduct",
        "servicecatalog:ListLaunchPaths",
        "servicecatalog:ProvisionProduct",
        "servicecatalog:SearchProducts",
    ]
}
CHANGES_ITS_OWN = {
    "Action": [
        "servicecatalog:DescribeProvisionedProduct",
        "servicecatalog:DescribeRecord",
        "servicecatalog:TerminateProvisionedProduct",
        "servicecatalog:UpdateProvisionedProduct",
    ],
    "Condition": {"StringEquals": {"servicecatalog:userLevel": "self"}},
}


def topic(name: str) -> dict[str, Any]:
    """A template with one topic; its parameter names what it is for."""
    return {
        "Parameters": {"Purpose": {"Type": "String"}},
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"TopicName": name, "DisplayName": {"Ref": "Purpose"}},
            }
        },
        "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
    }


@dataclass(frozen=True)
class Catalog:
    """The server, and what its account holds."""

    aws: Aws
    launch_role: str

    def template(self, name: str, content: dict[str, Any] | str) -> str:
        """Puts a template where products load it from; its address."""
        body = content if isinstance(content, str) else json.dumps(content)
        self.aws.client("s3").put_object(Bucket=TEMPLATES, Key=name, Body=body)
        return f"https://s3.us-east-1.amazonaws.com/{TEMPLATES}/{name}"

    def resources(self, *versions: tuple[str, str], **product: Any) -> dict[str, Any]:
        """A portfolio with a product, for users below the path `/people/`."""
        kind, of_both = (
            "AWS::ServiceCatalog::",
            {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}},
        )
        properties: dict[str, dict[str, Any]] = {
            "Portfolio": {"DisplayName": "Templates", "ProviderName": "Platform"},
            "CloudFormationProduct": {
                "Name": "topic",
                "Owner": "Platform",
                "ProvisioningArtifactParameters": [
                    {"Name": name, "Info": {"LoadTemplateFromURL": url}} for name, url in versions
                ],
                **product,
            },
            "PortfolioProductAssociation": of_both,
            "LaunchRoleConstraint": {**of_both, "RoleArn": self.launch_role},
            "PortfolioPrincipalAssociation": {
                "PortfolioId": {"Ref": "Portfolio"},
                "PrincipalARN": "arn:aws:iam:::role/people/*",
                "PrincipalType": "IAM_PATTERN",
            },
        }
        found: dict[str, Any] = {
            "Product" if name == "CloudFormationProduct" else name: {
                "Type": f"{kind}{name}",
                "Properties": given,
            }
            for name, given in properties.items()
        }
        found["LaunchRoleConstraint"]["DependsOn"] = "PortfolioProductAssociation"
        return found

    def person(self, name: str, *allows: dict[str, Any], path: str = "/people/") -> Any:
        """A client of somebody whose role is below a path."""
        iam = self.aws.client("iam")
        root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        role = iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(document)
        )["Role"]["Arn"]
        statements = [{"Effect": "Allow", "Resource": "*", **one} for one in allows]
        iam.put_role_policy(
            RoleName=name,
            PolicyName="allow",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )
        return self.session_of(role, name)

    def session_of(self, role: str, session: str) -> Any:
        given = self.aws.client("sts").assume_role(RoleArn=role, RoleSessionName=session)
        keys = given["Credentials"]
        own = self.aws.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return self.aws.client("servicecatalog", own)


@pytest.fixture(scope="package")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    services = ("rehearsal.services.servicecatalog:ServiceCatalog",)
    with running_server(tmp_path_factory.mktemp("catalog"), services) as aws:
        aws.client("s3").create_bucket(Bucket=TEMPLATES)
        trusts = {"Service": "servicecatalog.amazonaws.com"}
        yield Catalog(aws, aws.role("launch", trusts, LAUNCHES, READS_TEMPLATES))
