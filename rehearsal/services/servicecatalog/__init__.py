"""Service Catalog: portfolios of products that users launch without other permissions."""

from rehearsal.services.servicecatalog.resource_types import RESOURCE_TYPES
from rehearsal.services.servicecatalog.service import ServiceCatalog

__all__ = ["RESOURCE_TYPES", "ServiceCatalog"]
