"""Service Catalog: portfolios of products that people launch without rights of their own."""

from rehearsal.aws.servicecatalog.resource_types import RESOURCE_TYPES
from rehearsal.aws.servicecatalog.service import ServiceCatalog

__all__ = ["RESOURCE_TYPES", "ServiceCatalog"]
