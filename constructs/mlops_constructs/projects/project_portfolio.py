"""The portfolio of Service Catalog with an organisation's project templates."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems

RESOURCE_TYPES = ("AWS::ServiceCatalog::Portfolio", "AWS::ServiceCatalog::CloudFormationProduct")
_MOST_PATTERNS = 10
_PATTERN = r"(?:role|user|group)/[\w+=,.@*?/-]+"
_LENGTHS = {"display_name": 100, "provider_name": 50, "description": 2000}


class ProjectPortfolio(Construct):
    """Defines a portfolio of project templates, and who may launch them.

    It is the second way in which SageMaker Studio finds templates: each `ProjectProduct` is listed
    there for whoever has access to the portfolio. Launching takes permissions besides, which
    `ProjectProduct.grant_create_project` gives.

    Source: "Create a SageMaker project template with Service Catalog" in the Developer Guide;
    "Granting access to users" in the Service Catalog Administrator Guide.

    Example:
        ```python
        ProjectPortfolio(
            stack,
            "Portfolio",
            provider_name="ML platform team",
            principals=["role/sagemaker-personas/*"],
        ).give_access(role)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        provider_name: str,
        display_name: str = "SageMaker project templates",
        description: str | None = None,
        principals: Sequence[str] = (),
    ) -> None:
        """Creates the portfolio.

        Args:
            provider_name: who is responsible for the templates, up to 50 characters; the owner of
                each product.
            display_name: name of the portfolio, up to 100 characters.
            description: what is in it, up to 2,000 characters. Left out: nothing.
            principals: up to 10 names, or patterns with `*` and `?`, of this account's roles, users
                or groups that get access, such as "role/sagemaker-personas/*". Whoever may create a
                role can choose its name, so patterns belong to paths that only administrators
                write to; `give_access` takes roles themselves. Left out: nobody by a name.

        Raises ValueError with every problem: a text outside of these limits, a name that is none,
        a region without Service Catalog.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"ProjectPortfolio {self.node.path}")
        texts = {
            "display_name": display_name,
            "provider_name": provider_name,
            "description": description,
        }
        problems.extend(_text_problems(texts))
        problems.extend(_principal_problems(principals))
        problems.extend(region_problems(self, *RESOURCE_TYPES))
        problems.raise_if_any()
        self.provider_name = provider_name
        # Not "Resource": the CDK's portfolio takes each construct with its own id for itself.
        self.portfolio = servicecatalog.Portfolio(
            self,
            "Portfolio",
            display_name=display_name,
            provider_name=provider_name,
            description=description,
        )
        for principal in principals:
            self._give_access_by_name(principal)

    def give_access(self, role: iam.IRole) -> None:
        """Lets a role see and launch what is in the portfolio, as the execution role of Studio."""
        self.portfolio.give_access_to_role(role)

    def _give_access_by_name(self, principal: str) -> None:
        """The CDK's own methods know no patterns."""
        servicecatalog.CfnPortfolioPrincipalAssociation(
            self,
            f"AccessOf{re.sub(r'[^A-Za-z0-9]+', '-', principal).strip('-')}",
            portfolio_id=self.portfolio.portfolio_id,
            principal_arn=f"arn:{cdk.Aws.PARTITION}:iam:::{principal}",
            principal_type="IAM_PATTERN",
        )


def _text_problems(texts: dict[str, str | None]) -> list[str]:
    return [
        f"{name} has {len(text)} characters; allowed are 1 to {_LENGTHS[name]}"
        for name, text in texts.items()
        if text is not None and is_known(text) and outside(len(text), 1, _LENGTHS[name])
    ]


def _principal_problems(principals: Sequence[str]) -> list[str]:
    problems = [
        f"principals: got {principal!r}; allowed are names of this account's principals such as "
        "role/NAME or role/PATH/*, without an ARN before them"
        for principal in principals
        if is_known(principal) and not re.fullmatch(_PATTERN, principal)
    ]
    if len(principals) > _MOST_PATTERNS:
        problems.append(
            f"principals: got {len(principals)}; allowed are {_MOST_PATTERNS}: name a path with *, "
            "or use give_access for roles"
        )
    if len(set(principals)) < len(principals):
        problems.append("principals: a name is there twice; give each once")
    return problems
