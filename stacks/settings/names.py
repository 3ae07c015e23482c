"""Names, ids and amounts that several sections have."""

import ipaddress
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from mlops_constructs.delivery import ProjectResources
from stacks.settings.checked_text import allowed, matching, one_of
from stacks.settings.model import unique
from stacks.settings.regions import REGIONS

AccountId = Annotated[str, matching(r"[0-9]{12}", '12 digits in quotes, such as "111111111111"')]
Region = Annotated[
    str,
    one_of(
        REGIONS,
        f"a region with SageMaker projects, CodePipeline and CodeCommit: {', '.join(REGIONS)}",
    ),
]
_A_BLOCK = 'a CIDR block without host bits, such as "203.0.113.0/24"'
Cidr = Annotated[
    str,
    matching(r"[0-9a-fA-F.:]{2,43}/[0-9]{1,3}", _A_BLOCK),
    allowed(_A_BLOCK, ipaddress.ip_network),
]
Ipv4Cidr = Annotated[
    str,
    matching(r"[0-9.]{7,15}/[0-9]{1,2}", _A_BLOCK),
    allowed(_A_BLOCK, ipaddress.IPv4Network),
]
_AN_ID = "an id such as {}-0a1b2c3d4e5f60718"
VpcId = Annotated[str, matching(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("vpc"))]
SubnetId = Annotated[str, matching(r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("subnet"))]
SecurityGroupId = Annotated[str, matching(r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("sg"))]
ResourceName = Annotated[
    str,
    matching(
        ProjectResources.NAME_PATTERN,
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
    ),
]
"""Name of a project or of a pipeline."""
ProjectId = Annotated[
    str,
    matching(
        ProjectResources.ID_PATTERN,
        "up to 20 letters, digits and hyphens, a letter or digit at both ends",
    ),
]
SageMakerName = Annotated[
    str,
    matching(
        r"(?!.{64})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*",
        "up to 63 letters, digits and hyphens, a letter or digit at both ends",
    ),
]
"""Name of a domain, a space, an image or a model package group."""
InstanceType = Annotated[
    str, matching(r"ml\.[a-z0-9-]+\.[a-z0-9]+", "an instance type such as ml.t3.medium")
]
BucketName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, without s3://")
]
Email = Annotated[
    str,
    matching(
        r"(?!.{255})[A-Za-z0-9._%+=-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
        "an email address, such as team@example.com",
    ),
]
Emails = Annotated[list[Email], Field(max_length=10), AfterValidator(unique)]
"""Email addresses that AWS notifies: each must confirm its subscription."""
Branch = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,254}[A-Za-z0-9_-])?",
        "the name of a branch, such as main",
    ),
]
Owner = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        "the user or organisation that has the repositories",
    ),
]
RepositoryName = Annotated[
    str, matching(r"[A-Za-z0-9_.-]+", "the repository's name, without its owner")
]
ConnectionName = Annotated[
    str, matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", "up to 32 letters, digits, _ and -")
]
Question = Annotated[
    str,
    matching(
        r"[^\x00-\x1f]{0,999}[^\s\x00-\x1f]", "a question of one line, up to 1,000 characters"
    ),
]
Amount = Annotated[float, Field(gt=0, le=1_000_000_000)]
"""US dollars."""
Percent = Annotated[float, Field(gt=0, le=1000)]


class Removal(StrEnum):
    """Handling of repositories, data, models and keys when a stack is deleted."""

    RETAIN = "retain"
    DESTROY = "destroy"


class Seed(StrEnum):
    """Seed code that repositories of a project start with."""

    TABULAR = "tabular"
    FORECASTING = "forecasting"
    VISION = "vision"
    BATCH = "batch"


RemovalChoice = Annotated[Removal | None, Field(strict=False)]
