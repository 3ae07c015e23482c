"""AWS Budgets."""

from rehearsal.aws.budgets.resource_types import RESOURCE_TYPES
from rehearsal.aws.budgets.service import Budgets

__all__ = ["RESOURCE_TYPES", "Budgets"]
