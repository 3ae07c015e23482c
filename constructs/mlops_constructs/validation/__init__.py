"""Checks of SageMaker's resources at synthesis, beyond those of cdk-nag, and reviewed findings."""

from mlops_constructs._findings import (
    acknowledge,
    in_security_packs,
    without_access_log,
    without_replica,
)

from .sagemaker_checks import SageMakerChecks

__all__ = [
    "SageMakerChecks",
    "acknowledge",
    "in_security_packs",
    "without_access_log",
    "without_replica",
]
