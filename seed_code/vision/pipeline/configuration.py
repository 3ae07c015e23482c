"""Content of `config.yaml`."""

from pathlib import Path
from typing import Annotated, Literal

from mlops_jobs.evaluation.quality import metric_of
from mlops_jobs.problem_type import ProblemType
from pydantic import Field, field_validator, model_validator

from pipeline.configuration_file import read_file
from pipeline.sections import S3_URI, FromYaml, Margin, PipelineConfiguration, Section, ShareSplit

Pixels = Annotated[int, Field(ge=1, le=1024)]


class Data(Section):
    """The raw images.

    Args:
        uri: S3 URI of a folder, which ends with `/`, or of a zip archive. Its files are
            `LABEL/NAME.png` or `.jpg`. Defaults to "": the handwritten digits of scikit-learn.
        size: height and width to which images are scaled, in pixels.
        channels: 1 for gray, 3 for red, green and blue. Defaults to 3.
        binary: True if there are two labels, whose metrics are auc, f1, accuracy and logloss.
            Defaults to False.
    """

    uri: Annotated[str, Field(pattern=S3_URI)] = ""
    size: Annotated[tuple[Pixels, Pixels], FromYaml]
    channels: Literal[1, 3] = 3
    binary: bool = False

    @field_validator("uri")
    @classmethod
    def _is_folder_or_archive(cls, uri: str) -> str:
        if uri and not uri.endswith(("/", ".zip")):
            raise ValueError(f"got {uri!r}; allowed: a folder, which ends with /, or a zip archive")
        return uri

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""
        return ProblemType.BINARY if self.binary else ProblemType.MULTICLASS


class Objective(Section):
    """The metric that tuning optimizes, and the value that a model must reach.

    Args:
        metric: name of the metric. Defaults to accuracy.
        threshold: minimum of the metric, or maximum of logloss. Defaults to None: better than a
            model that does not look at the images.
        margin: loss of the metric, compared with the deployed model, that is accepted beyond
            chance. Defaults to 0.
    """

    metric: Literal["accuracy", "f1", "macro_f1", "logloss", "auc"] = "accuracy"
    threshold: float | None = None
    margin: Margin = 0.0


class Configuration(PipelineConfiguration):
    """The whole file.

    Args:
        data: the raw images.
        split: shares of the images. Defaults to `ShareSplit()`.
        objective: metric and threshold of a model. Defaults to `Objective()`.
        training, tuning, instance_types, network: as in every file: `PipelineConfiguration`.
    """

    data: Data
    split: ShareSplit = ShareSplit()
    objective: Objective = Objective()

    @model_validator(mode="after")
    def _metric_fits(self) -> "Configuration":
        metric = metric_of(self.data.problem_type, self.objective.metric)
        if self.objective.threshold is not None:
            metric.check_threshold(self.objective.threshold)
        return self


def read_configuration(file: Path) -> Configuration:
    """Reads and validates `config.yaml`.

    Args:
        file: path of the file.

    Returns:
        The configuration, with defaults filled in.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    return read_file(file, Configuration)
