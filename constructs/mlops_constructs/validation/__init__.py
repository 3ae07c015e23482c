"""Checks of SageMaker's resources at synthesis, beyond those of cdk-nag."""

from .sagemaker_checks import SageMakerChecks

__all__ = ["SageMakerChecks"]
