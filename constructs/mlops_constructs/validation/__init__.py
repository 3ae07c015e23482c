"""What security packs do not know of SageMaker, judged when an app is synthesised."""

from .sagemaker_checks import SageMakerChecks

__all__ = ["SageMakerChecks"]
