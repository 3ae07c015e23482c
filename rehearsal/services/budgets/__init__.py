"""AWS Budgets."""

from rehearsal.services.budgets.resource_types import RESOURCE_TYPES
from rehearsal.services.budgets.service import Budgets

__all__ = ["RESOURCE_TYPES", "Budgets"]
