"""Checks of SageMaker's resources at synthesis, beyond those of cdk-nag, and reviewed findings."""

from mlops_constructs._findings import (
    acknowledge,
    in_security_packs,
    skip_in_cfn_lint,
    without_access_log,
    without_replica,
)

from .sagemaker_checks import SageMakerChecks

__all__ = [
    "SageMakerChecks",
    "acknowledge",
    "in_security_packs",
    "skip_in_cfn_lint",
    "without_access_log",
    "without_replica",
]
