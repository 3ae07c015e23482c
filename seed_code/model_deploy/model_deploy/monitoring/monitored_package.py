"""The image, the model and the baselines of a model package, which its monitors need."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_PROBLEM_TYPES = {
    "binary": "BinaryClassification",
    "multiclass": "MulticlassClassification",
    "regression": "Regression",
}
# Names of the baselines in a description of a package, by the monitors that read them.
_BASELINES = {
    "data-quality": ("ModelDataQuality", "Constraints", "Statistics"),
    "model-quality": ("ModelQuality", "Constraints", "Statistics"),
    "bias": ("Bias", "PostTrainingConstraints", "ConfigFile"),
    "attribution": ("Explainability", "Constraints"),
}
_ATTRIBUTION_CONFIG = ("Explainability", "ConfigFile")


@dataclass(frozen=True, kw_only=True)
class MonitoredPackage:
    """The part of a model package that monitors use.

    Args:
        image: URI of its image, which has the program of the monitors.
        model_data: S3 URI of its model archive.
        problem_type: problem type in the words of Model Monitor. None: unknown.
        baselines: S3 URIs of the files of each baseline: constraints, then statistics or, for bias,
            the analysis configuration. Defaults to none.
        attribution_config: S3 URI of the analysis configuration that Model Monitor requires for
            attribution. Defaults to None: the package has none.
    """

    image: str
    model_data: str
    problem_type: str | None = None
    baselines: Mapping[str, list[str]] = field(default_factory=dict)
    attribution_config: str | None = None

    @classmethod
    def of(cls, package: Mapping[str, Any]) -> "MonitoredPackage":
        """Reads a description of a package.

        Args:
            package: response of DescribeModelPackage.
        """
        (container, *_) = package["InferenceSpecification"]["Containers"]
        checks = package.get("DriftCheckBaselines", {})
        found = {}
        for name, (part, *members) in _BASELINES.items():
            files = [checks.get(part, {}).get(member, {}).get("S3Uri") for member in members]
            if all(files):
                found[name] = files
        part, config = _ATTRIBUTION_CONFIG
        metadata = package.get("CustomerMetadataProperties", {})
        return cls(
            image=container["Image"],
            model_data=container.get("ModelDataUrl", ""),
            problem_type=_PROBLEM_TYPES.get(metadata.get("problem_type", "")),
            baselines=found,
            attribution_config=checks.get(part, {}).get(config, {}).get("S3Uri"),
        )

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "MonitoredPackage":
        """Reads what `to_json` returns.

        Args:
            content: the members.
        """
        return cls(**content)

    def to_json(self) -> dict[str, Any]:
        """Returns the members for build/model.json."""
        return asdict(self)
