"""Private networks and their VPC endpoints."""

from .flow_logs import FlowLogs
from .internet_access import InternetAccess
from .network import Network
from .network_base import NetworkBase
from .network_use_case import EndpointService, NetworkUseCase

__all__ = [
    "EndpointService",
    "FlowLogs",
    "InternetAccess",
    "Network",
    "NetworkBase",
    "NetworkUseCase",
]
