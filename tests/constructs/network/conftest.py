"""A stack for networks."""

from __future__ import annotations

import aws_cdk as cdk

ACCOUNT = "111111111111"


def new_stack(region: str | None = "eu-west-1") -> cdk.Stack:
    env = cdk.Environment(account=ACCOUNT, region=region)
    return cdk.Stack(cdk.App(), "Stack", env=env)
