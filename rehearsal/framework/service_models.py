"""The models of AWS's services that botocore has.

One loader serves the whole process: each loader searches some hundred folders for the names of
services, and parses models of megabytes, before it returns the first one.
"""

from functools import cache

from botocore.loaders import Loader, create_loader
from botocore.model import ServiceModel


@cache
def loader() -> Loader:
    """Returns the loader that all readers of models share."""
    return create_loader()


@cache
def service_model(service: str) -> ServiceModel:
    """Returns the description of a service's API.

    Args:
        service: botocore's name of the service, such as `sagemaker-runtime`.

    Raises:
        UnknownServiceError: botocore has no such service.
    """
    return ServiceModel(loader().load_service_model(service, "service-2"), service)
