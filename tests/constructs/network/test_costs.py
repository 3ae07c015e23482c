"""The prices in docs/network.md are those of the endpoints that the library makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlops_constructs.network import NetworkUseCase
from mlops_constructs.network.network_use_case import services_of

PAGE = Path(__file__).parents[3] / "docs/network.md"
PER_ENDPOINT = 0.01 * 730 * 2  # USD per hour and zone, hours of a month, zones
NAMES = sorted(
    name for name, value in vars(NetworkUseCase).items() if isinstance(value, NetworkUseCase)
)


def row(first_cell: str) -> list[str]:
    (line,) = [
        line for line in PAGE.read_text().splitlines() if line.startswith(f"| {first_cell} |")
    ]
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("name", NAMES)
def test_each_use_is_listed_with_its_endpoints_and_their_price(name: str) -> None:
    services = services_of((getattr(NetworkUseCase, name),))
    _, endpoints, price = row(f"`{name}`")

    listed = [] if endpoints.startswith("(") else [cell.strip() for cell in endpoints.split(",")]
    assert listed == [service.name for service in services]
    assert float(price) == pytest.approx(len(services) * PER_ENDPOINT)


@pytest.mark.parametrize(
    "combined",
    [
        "`TRAINING` + `HOSTING` + `PIPELINES`",
        "`STUDIO` + `TRAINING` + `FEATURE_STORE`",
        "`STUDIO` + `CODE_COMMIT` + `PACKAGES` + `EXPERIMENTS`",
        "`TRAINING` + `BUILDS` + `PACKAGES`",
    ],
)
def test_endpoints_that_uses_share_count_once(combined: str) -> None:
    uses = tuple(getattr(NetworkUseCase, name) for name in re.findall(r"`(\w+)`", combined))
    _, number, price = row(combined)

    assert int(number) == len(services_of(uses))
    assert float(price) == pytest.approx(int(number) * PER_ENDPOINT)
