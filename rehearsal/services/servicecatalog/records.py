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
class Share:
    """A share of a portfolio with an account."""

    accepted: bool = False
    tag_options: bool = False


@dataclass
class Portfolio:
    """A portfolio; its principals are pairs of ARN and type, its shares are by account."""

    scope: Scope
    id: str
    detail: dict[str, Any]
    products: list[str] = field(default_factory=list)
    principals: list[tuple[str, str]] = field(default_factory=list)
    shares: dict[str, Share] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return self.scope.arn("catalog", f"portfolio/{self.id}")

    def is_imported(self, scope: Scope) -> bool:
        """Returns True if an account has accepted the share of the portfolio with it."""
        share = self.shares.get(scope.account)
        return share is not None and share.accepted and self.scope.region == scope.region

    def principals_of(self, account: str) -> list[tuple[str, str]]:
        """Returns the principals of an account; patterns are those of the owner."""
        return [
            (arn, kind)
            for arn, kind in self.principals
            if (arn.split(":")[4] or self.scope.account) == account
        ]

    def end_share(self, account: str) -> None:
        """Ends the share with an account, whose principals lose their access."""
        self.shares.pop(account, None)
        self.principals = [one for one in self.principals if one[0].split(":")[4] != account]


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

    def is_of(self, caller: str, level: str) -> bool:
        """Returns True if the product is the caller's on a level: Account, Role or User."""
        if level == "Account":
            return True
        if level == "User":
            return caller == self.launched_by
        # The sessions of a role share the beginning of their ARNs.
        return caller.split("/")[:2] == self.launched_by.split("/")[:2]

    @property
    def stack_name(self) -> str:
        return f"SC-{self.scope.account}-{self.id}"


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParametersException", message)


def in_use(message: str) -> AwsError:
    return AwsError("ResourceInUseException", message)


def missing(noun: str, named: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{noun} {named} not found.")
