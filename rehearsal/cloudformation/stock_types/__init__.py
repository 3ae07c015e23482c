"""The IAM actions behind ministack's own resource types; see `stack_permissions.py`."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType
from rehearsal.cloudformation.stock_types.function import FUNCTION_TYPES
from rehearsal.cloudformation.stock_types.identity import IDENTITY_TYPES
from rehearsal.cloudformation.stock_types.messaging import MESSAGING_TYPES
from rehearsal.cloudformation.stock_types.network import NETWORK_TYPES
from rehearsal.cloudformation.stock_types.stack import STACK_TYPES
from rehearsal.cloudformation.stock_types.storage import STORAGE_TYPES

STOCK_TYPES: dict[str, StockType] = (
    STACK_TYPES | IDENTITY_TYPES | STORAGE_TYPES | FUNCTION_TYPES | MESSAGING_TYPES | NETWORK_TYPES
)
