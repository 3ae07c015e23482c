"""Portfolios, products, constraints and provisioned products."""

from __future__ import annotations

import datetime
import secrets
import string
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import AwsError, Scope

_ALPHABET = string.ascii_lowercase + string.digits


def new_id(prefix: str) -> str:
    """Returns a new id in the form of Service Catalog: a prefix and 13 letters and digits."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(13))}"


@dataclass
class Portfolio:
    """A portfolio; its principals are pairs of ARN and type."""

    scope: Scope
    id: str
    detail: dict[str, Any]
    products: list[str] = field(default_factory=list)
    principals: list[tuple[str, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return self.scope.arn("catalog", f"portfolio/{self.id}")


@dataclass
class Artifact:
    """A version of a product; its template is the object `key` of the service's bucket."""

    id: str
    detail: dict[str, Any]
    url: str
    key: str

    @property
    def launchable(self) -> bool:
        return bool(self.detail["Active"])


@dataclass
class Product:
    """A product with its versions, oldest first."""

    scope: Scope
    id: str
    summary: dict[str, Any]
    created: datetime.datetime
    artifacts: dict[str, Artifact] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return self.scope.arn("catalog", f"product/{self.id}")

    def view(self) -> dict[str, Any]:
        """Returns the product as administrators see it."""
        return {
            "ProductViewSummary": {**self.summary},
            "Status": "AVAILABLE",
            "ProductARN": self.arn,
            "CreatedTime": self.created,
        }


@dataclass
class Constraint:
    """A launch constraint: the role with which a product of a portfolio is launched."""

    scope: Scope
    id: str
    portfolio_id: str
    product_id: str
    role_arn: str
    description: str = ""

    def describe(self) -> dict[str, Any]:
        return {
            "ConstraintDetail": {
                "ConstraintId": self.id,
                "Type": "LAUNCH",
                "Description": self.description,
                "Owner": self.scope.account,
                "ProductId": self.product_id,
                "PortfolioId": self.portfolio_id,
            },
            "ConstraintParameters": f'{{"RoleArn": "{self.role_arn}"}}',
            "Status": "AVAILABLE",
        }


@dataclass
class ProvisionedProduct:
    """A launched product: a stack, and the principal that launched it."""

    scope: Scope
    id: str
    detail: dict[str, Any]
    launched_by: str
    path_id: str
    parameters: dict[str, str]
    tags: dict[str, str]

    @property
    def stack_name(self) -> str:
        return f"SC-{self.scope.account}-{self.id}"


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParametersException", message)


def in_use(message: str) -> AwsError:
    return AwsError("ResourceInUseException", message)


def missing(noun: str, named: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{noun} {named} not found.")
