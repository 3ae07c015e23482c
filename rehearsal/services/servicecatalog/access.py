"""Access to portfolios, for principals by their ARN or by a pattern of it.

Source: AssociatePrincipalWithPortfolio in the Service Catalog API reference.
"""

from __future__ import annotations

import re

from rehearsal.services.servicecatalog.records import Portfolio, invalid

_IAM = re.compile(r"arn:aws:iam::(\d{12}):(role|user|group)/.+")
_PATTERN = re.compile(r"arn:aws:iam:::(role|user|group)/.+")


def check_principal(arn: str, kind: str, account: str) -> None:
    """Raises AwsError for an ARN that is not valid for its principal type."""
    if kind == "IAM_PATTERN":
        if not _PATTERN.fullmatch(arn):
            raise invalid(f"{arn} is no IAM_PATTERN: use arn:aws:iam:::role/NAME, with * and ?.")
        return
    found = _IAM.fullmatch(arn)
    if found is None or found[1] != account:
        raise invalid(f"{arn} is not the ARN of a role, user or group of account {account}.")


def has_access(portfolio: Portfolio, principal: str) -> bool:
    """Returns True if the user or role has access to a portfolio."""
    return any(_matches(arn, kind, principal) for arn, kind in portfolio.principals)


def _matches(arn: str, kind: str, principal: str) -> bool:
    if kind == "IAM":
        return arn == principal
    resource, pattern = principal.split(":", 5)[5], arn.split(":", 5)[5]
    # "?" matches one character or none, "*" any number, including slashes.
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".?")
    return re.fullmatch(expression, resource) is not None
