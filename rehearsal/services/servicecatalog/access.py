"""Who gets at a portfolio: principals by their ARN, or by a pattern of it.

Source: AssociatePrincipalWithPortfolio in the Service Catalog API reference.
"""

from __future__ import annotations

import re

from rehearsal.services.servicecatalog.records import Portfolio, invalid

_IAM = re.compile(r"arn:aws:iam::(\d{12}):(role|user|group)/.+")
_PATTERN = re.compile(r"arn:aws:iam:::(role|user|group)/.+")


def check_principal(arn: str, kind: str, account: str) -> None:
    """Raises AwsError unless the ARN is one of its kind."""
    if kind == "IAM_PATTERN":
        if not _PATTERN.fullmatch(arn):
            raise invalid(f"{arn} is no IAM_PATTERN: use arn:aws:iam:::role/NAME, with * and ?.")
        return
    found = _IAM.fullmatch(arn)
    if found is None or found[1] != account:
        raise invalid(f"{arn} is not the ARN of a role, user or group of account {account}.")


def has_access(portfolio: Portfolio, principal: str) -> bool:
    """Whether the user or role of an ARN gets at a portfolio."""
    return any(_matches(arn, kind, principal) for arn, kind in portfolio.principals)


def _matches(arn: str, kind: str, principal: str) -> bool:
    if kind == "IAM":
        return arn == principal
    resource, pattern = principal.split(":", 5)[5], arn.split(":", 5)[5]
    # "?" stands for one character or none, "*" for any number, with slashes.
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".?")
    return re.fullmatch(expression, resource) is not None
