"""The images of AWS that have a stand-in: one row for each version.

A row names the repository and tag of AWS and the packages that replace the image. The contract of
all rows is the package `stand_in`, which is copied into the image.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal.containers.aws_images import accounts
from rehearsal.containers.aws_images.stand_in.xgboost_parameters import MAXIMIZED, MINIMIZED
from rehearsal.containers.images.registry import ImageUri

_TAG = re.compile(r"(?P<version>\d+\.\d+-\d+)(?P<python>-py3\d+)?(?:-cpu-py3)?")


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A replacement of an image of AWS.

    Args:
        title: its name in messages.
        repository: the repository of AWS.
        version: the version in AWS's tag.
        accounts: AWS's account by region.
        framework: the module of `stand_in` with the framework.
        packages: the packages, each with its version.
        metrics: the regular expressions of the metrics that the algorithm prints, by name.
            Defaults to none.
    """

    title: str
    repository: str
    version: str
    accounts: Mapping[str, str]
    framework: str
    packages: Sequence[str]
    metrics: Mapping[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """The replacement, for messages: its name and its packages."""
        return f"{self.title} of the rehearsal: {', '.join(self.packages)}"


_BASE = ("boto3==1.43.46", "joblib==1.4.2")
_NUMPY_1 = ("numpy==1.26.4", "scipy==1.13.1", "pandas==2.2.3")
_OLD = ("numpy==1.26.4", "scipy==1.13.1", "pandas==1.5.3", "setuptools==75.8.0")
_NUMPY_2 = ("numpy==2.2.6", "scipy==1.15.3", "pandas==2.2.3")
_XGBOOST_METRICS = {
    f"{data}:{metric}": rf".*\[[0-9]+\].*#011{data}-{metric}:(\S+)"
    for metric in (*MAXIMIZED, *MINIMIZED)
    for data in ("train", "validation")
}


def _xgboost(version: str, *packages: str) -> StandIn:
    return StandIn(
        title=f"XGBoost {version}",
        repository="sagemaker-xgboost",
        version=version,
        accounts=accounts.FRAMEWORKS,
        framework="xgboost",
        packages=(*packages, *_BASE),
        metrics=_XGBOOST_METRICS,
    )


def _sklearn(version: str, *packages: str) -> StandIn:
    return StandIn(
        title=f"scikit-learn {version}",
        repository="sagemaker-scikit-learn",
        version=version,
        accounts=accounts.FRAMEWORKS,
        framework="sklearn",
        packages=(*packages, *_BASE),
    )


CATALOGUE: Sequence[StandIn] = (
    # pandas 1 and pkg_resources, which this version of XGBoost imports.
    _xgboost("1.5-1", "xgboost==1.5.2", "scikit-learn==1.2.2", *_OLD),
    _xgboost("1.7-1", "xgboost==1.7.6", "scikit-learn==1.2.2", *_NUMPY_1),
    _xgboost("3.0-5", "xgboost-cpu==3.0.5", "scikit-learn==1.6.1", *_NUMPY_2),
    _xgboost("3.2-0", "xgboost-cpu==3.2.0", "scikit-learn==1.6.1", *_NUMPY_2),
    _sklearn("1.2-1", "scikit-learn==1.2.2", *_NUMPY_1),
    _sklearn("1.4-2", "scikit-learn==1.4.2", *_NUMPY_1),
    _sklearn("1.9-0", "scikit-learn==1.9.0", *_NUMPY_2),
)


def find(uri: ImageUri) -> StandIn | None:
    """Returns the stand-in for an image of AWS, or None."""
    match = _TAG.fullmatch(uri.tag or "")
    if match is None or uri.digest is not None:
        return None
    for row in CATALOGUE:
        wanted = (row.repository, row.version, row.accounts.get(uri.region))
        if wanted == (uri.repository, match["version"], uri.account):
            return row
    return None


def is_of_aws(uri: ImageUri) -> bool:
    """Returns True for an image in an account of the catalogue."""
    return uri.account in {account for row in CATALOGUE for account in row.accounts.values()}


def supported() -> str:
    """Returns the images with a stand-in, for messages."""
    return ", ".join(f"{row.repository}:{row.version}" for row in CATALOGUE)
