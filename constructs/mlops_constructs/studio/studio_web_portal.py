"""Hidden parts of Studio's navigation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_constructs._problems import is_known

APP_TYPES = (
    "Canvas",
    "CodeEditor",
    "DetailedProfiler",
    "JupyterLab",
    "JupyterServer",
    "RStudioServerPro",
    "TensorBoard",
)
ML_TOOLS = (
    "AutoMl",
    "Comet",
    "DataWrangler",
    "DeepchecksLLMEvaluation",
    "EmrClusters",
    "Endpoints",
    "Experiments",
    "FeatureStore",
    "Fiddler",
    "HyperPodClusters",
    "InferenceOptimization",
    "InferenceRecommender",
    "JumpStart",
    "LakeraGuard",
    "ModelEvaluation",
    "Models",
    "PerformanceEvaluation",
    "Pipelines",
    "Projects",
    "Training",
)


@dataclass(frozen=True, kw_only=True)
class StudioWebPortal:
    """The parts of Studio that are hidden. Hiding is no access control: use IAM for that.

    Args:
        hidden_app_types: applications. Defaults to the applications that this library does not
            support.
        hidden_ml_tools: machine learning tools. Defaults to those that need Canvas.
        hidden_instance_types: instance types that users cannot choose. Defaults to none.

    Source: StudioWebPortalSettings in SageMaker's API reference.

    Example:
        ```python
        StudioWebPortal(hidden_ml_tools=["AutoMl", "DataWrangler", "JumpStart"])
        ```
    """

    hidden_app_types: Sequence[str] = (
        "Canvas",
        "DetailedProfiler",
        "JupyterServer",
        "RStudioServerPro",
    )
    hidden_ml_tools: Sequence[str] = ("AutoMl", "DataWrangler")
    hidden_instance_types: Sequence[str] = ()

    def problems(self) -> list[str]:
        """Validates the names; returns one message per problem."""
        return [
            f"portal {name}: got {one!r}; allowed are {', '.join(allowed)}"
            for name, given, allowed in (
                ("hidden_app_types", self.hidden_app_types, APP_TYPES),
                ("hidden_ml_tools", self.hidden_ml_tools, ML_TOOLS),
            )
            for one in given
            if is_known(one) and one not in allowed
        ]

    def render(self, l1: Any) -> Any:
        """Returns the StudioWebPortalSettings.

        Args:
            l1: level-1 class, CfnDomain or CfnUserProfile.
        """
        return l1.StudioWebPortalSettingsProperty(
            hidden_app_types=list(self.hidden_app_types) or None,
            hidden_ml_tools=list(self.hidden_ml_tools) or None,
            hidden_instance_types=list(self.hidden_instance_types) or None,
        )
