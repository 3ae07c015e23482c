"""Validation of the parameters of a network."""

import ipaddress
from collections.abc import Sequence

from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs._regions import region_problems

from ._subnets import MAX_PREFIX_LENGTH, MIN_PREFIX_LENGTH
from .internet_access import InternetAccess
from .network_use_case import EndpointService

MAX_ZONES = 6


def size_problems(cidr: str, zones: int) -> list[str]:
    problems = []
    if is_known(zones) and not 2 <= zones <= MAX_ZONES:
        problems.append(
            f"availability_zones: got {zones}; allowed are 2 to {MAX_ZONES}, as a zone can fail"
        )
    try:
        prefix = ipaddress.IPv4Network(cidr).prefixlen
    except ValueError as error:
        return [*problems, f"cidr: got {cidr!r} ({error}); give an IPv4 block such as 10.0.0.0/16"]
    if not MIN_PREFIX_LENGTH <= prefix <= MAX_PREFIX_LENGTH:
        problems.append(
            f"cidr: got {cidr!r}; allowed are blocks from /{MIN_PREFIX_LENGTH}, the maximum of a "
            f"VPC, to /{MAX_PREFIX_LENGTH}, as each job, notebook and endpoint needs addresses"
        )
    return problems


def access_problems(internet: InternetAccess, zones: int, accounts: Sequence[str]) -> list[str]:
    problems = []
    if internet != InternetAccess.none():
        if not internet.because.strip():
            problems.append("internet: got no reason; state in `because` why it is required")
        if not 1 <= internet.nat_gateways <= zones:
            problems.append(
                f"internet: got {internet.nat_gateways} NAT gateways; allowed are 1 to {zones}, "
                "one in each zone"
            )
    problems += [
        f"trusted_accounts: got {account!r}; allowed are account ids of 12 digits"
        for account in accounts
        if is_known(account) and not (account.isdigit() and len(account) == 12)
    ]
    return problems


def source_problems(allowed_from: Sequence[str]) -> list[str]:
    problems = []
    for given in allowed_from:
        if not is_known(given):
            continue
        try:
            everywhere = ipaddress.IPv4Network(given).prefixlen == 0
        except ValueError as error:
            problems.append(
                f"allowed_from: got {given!r} ({error}); give an IPv4 block such as 10.8.0.0/16"
            )
            continue
        if everywhere:
            problems.append(
                f"allowed_from: got {given!r}, which includes all addresses; give the block of the "
                "VPN or of the network behind Direct Connect"
            )
    return problems


def service_problems(scope: Construct, services: Sequence[EndpointService]) -> list[str]:
    return [
        f"uses: endpoint {service.name}: {problem}"
        for service in services
        if service.resource_type
        for problem in region_problems(scope, service.resource_type)
    ]
