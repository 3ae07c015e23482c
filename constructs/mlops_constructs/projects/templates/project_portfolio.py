"""Service Catalog portfolio with an organisation's project templates."""

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems

RESOURCE_TYPES = ("AWS::ServiceCatalog::Portfolio", "AWS::ServiceCatalog::CloudFormationProduct")
_MAX_PATTERNS = 10
_PATTERN = r"(?:role|user|group)/[\w+=,.@*?/-]+"
_MAX_LENGTHS = {"display_name": 100, "provider_name": 50, "description": 2000}


class ProjectPortfolio(Construct):
    """Defines a portfolio of project templates, and the principals that can access it.

    SageMaker Studio lists each `ProjectProduct` for principals with access to the portfolio. A
    launch needs additional permissions, which `ProjectProduct.grant_create_project` grants.

    Args:
        provider_name: owner of the templates, 1 to 50 characters; the owner of each product.
        display_name: name of the portfolio, 1 to 100 characters. Defaults to "SageMaker project
            templates".
        description: description of the portfolio, 1 to 2,000 characters. Defaults to None: no
            description.
        principals: up to 10 names, or patterns with `*` and `?`, of this account's roles, users or
            groups that get access, such as "role/sagemaker-personas/*". A principal that can create
            roles can choose their names, so use patterns for paths that only administrators can
            write to. `give_access` adds roles by reference. Defaults to (): no access by name.

    Raises:
        ValueError: with every problem of the input: the length of a text, a malformed or duplicate
            name, a region without Service Catalog.

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
        super().__init__(scope, construct_id)
        problems = Problems("ProjectPortfolio", self)
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
        # Not "Resource": the CDK's portfolio identifies constructs by their ids.
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
        """Gives a role, such as the execution role of Studio, access to the portfolio.

        Args:
            role: the role.
        """
        self.portfolio.give_access_to_role(role)

    def _give_access_by_name(self, principal: str) -> None:
        """Associates a pattern of names, which the CDK's own methods do not support."""
        servicecatalog.CfnPortfolioPrincipalAssociation(
            self,
            f"AccessOf{re.sub(r'[^A-Za-z0-9]+', '-', principal).strip('-')}",
            portfolio_id=self.portfolio.portfolio_id,
            principal_arn=f"arn:{cdk.Aws.PARTITION}:iam:::{principal}",
            principal_type="IAM_PATTERN",
        )


def _text_problems(texts: dict[str, str | None]) -> list[str]:
    return [
        f"{name}: got {len(text)} characters; allowed are 1 to {_MAX_LENGTHS[name]}"
        for name, text in texts.items()
        if text is not None and is_known(text) and outside(len(text), 1, _MAX_LENGTHS[name])
    ]


def _principal_problems(principals: Sequence[str]) -> list[str]:
    problems = [
        f"principals: got {principal!r}; allowed are names of this account's principals such as "
        "role/NAME or role/PATH/*, without the start of an ARN"
        for principal in principals
        if is_known(principal) and not re.fullmatch(_PATTERN, principal)
    ]
    if len(principals) > _MAX_PATTERNS:
        problems.append(
            f"principals: got {len(principals)}; allowed are up to {_MAX_PATTERNS}: use a path "
            "with *, or give_access for roles"
        )
    if len(set(principals)) < len(principals):
        problems.append("principals: got duplicates; add each name once")
    return problems
