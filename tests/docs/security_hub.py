"""The controls of Security Hub for SageMaker AI, checked against synthesised templates.

Security Hub evaluates deployed resources by AWS Config rules; this module evaluates the properties
of the same resources in templates.

Source: "Security Hub CSPM controls for SageMaker AI" in Security Hub's user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]
Resource = tuple[str, Properties]
Check = Callable[[Properties], bool]
"""True if a resource with these properties passes."""

PASSED, FAILED, NOT_CREATED = "passed", "failed", "not created"


@dataclass(frozen=True)
class Control:
    """A control of Security Hub.

    Args:
        number: number of the control.
        title: what it requires.
        types: the SageMaker resource types that it evaluates, without `AWS::SageMaker::`.
        passes: check of one resource.
        reason: why resources fail it, or why none is created. Defaults to "": none fails.
    """

    number: int
    title: str
    types: tuple[str, ...]
    passes: Check
    reason: str = ""

    def evaluate(self, resources: Iterable[Resource]) -> tuple[int, int]:
        """Returns how many of the resources it applies to, and how many of these fail."""
        verdicts = [
            self.passes(properties)
            for kind, properties in resources
            if kind.removeprefix("AWS::SageMaker::") in self.types and kind.startswith("AWS::Sage")
        ]
        return len(verdicts), verdicts.count(False)

    def state(self, applicable: int, failures: int) -> str:
        """Returns the state that the table shows."""
        if not applicable:
            return NOT_CREATED
        return (
            f"{FAILED} by {failures} of {applicable}" if failures else f"{PASSED} by {applicable}"
        )


def _has_user_tag(properties: Properties) -> bool:
    tags = properties.get("Tags", ())
    return any(not str(tag["Key"]).startswith("aws:") for tag in tags)


def _network(properties: Properties) -> Properties:
    found: Properties = properties.get("NetworkConfig", {})
    return found


def _isolated(properties: Properties) -> bool:
    return _network(properties).get("EnableNetworkIsolation") is True


def _encrypts_traffic(properties: Properties) -> bool:
    return _network(properties).get("EnableInterContainerTrafficEncryption") is True


def _schedule_network(properties: Properties) -> Properties:
    inline = properties["MonitoringScheduleConfig"].get("MonitoringJobDefinition", {})
    found: Properties = inline.get("NetworkConfig", {})
    return found


def _uses_a_job_definition(properties: Properties) -> bool:
    return "MonitoringJobDefinitionName" in properties["MonitoringScheduleConfig"]


def _several_instances(properties: Properties) -> bool:
    """Variants without a number of instances, such as serverless ones, are exempt."""
    variants = [*properties.get("ProductionVariants", ())]
    return all(variant.get("InitialInstanceCount", 2) > 1 for variant in variants)


def _pulls_in_vpc(container: Properties) -> bool:
    return bool(container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc")


_NOTEBOOKS = "The stacks create no notebook instances; Studio's spaces replace them."
_REGISTRY = (
    "Unreachable with Amazon ECR: AWS allows the access mode `Vpc` for other registries only, and "
    "pulls images of ECR through its own network. Suppress the finding."
)

CONTROLS = (
    Control(
        1,
        "Notebook instances have no direct internet access",
        ("NotebookInstance",),
        lambda found: found.get("DirectInternetAccess") == "Disabled",
        _NOTEBOOKS,
    ),
    Control(
        2,
        "Notebook instances are in a VPC",
        ("NotebookInstance",),
        lambda found: "SubnetId" in found,
        _NOTEBOOKS,
    ),
    Control(
        3,
        "Users have no root access to notebook instances",
        ("NotebookInstance",),
        lambda found: found.get("RootAccess") == "Disabled",
        _NOTEBOOKS,
    ),
    Control(
        4,
        "Production variants have more than one instance",
        ("EndpointConfig",),
        _several_instances,
        "Asynchronous endpoints and fleets of inference components scale from and to zero, and the "
        "staging endpoint of a project has one instance on purpose. Production has two.",
    ),
    Control(
        5,
        "Models have network isolation",
        ("Model",),
        lambda found: found.get("EnableNetworkIsolation") is True,
        "AWS does not support network isolation for models of serverless endpoints.",
    ),
    Control(6, "App image configs are tagged", ("AppImageConfig",), _has_user_tag),
    Control(7, "Images are tagged", ("Image",), _has_user_tag),
    Control(
        8,
        "Notebook instances run on supported platforms",
        ("NotebookInstance",),
        lambda found: "PlatformIdentifier" in found,
        _NOTEBOOKS,
    ),
    Control(
        9,
        "Data quality jobs encrypt the traffic between containers",
        ("DataQualityJobDefinition",),
        _encrypts_traffic,
    ),
    Control(
        10,
        "Explainability jobs encrypt the traffic between containers",
        ("ModelExplainabilityJobDefinition",),
        _encrypts_traffic,
    ),
    Control(
        11, "Data quality jobs have network isolation", ("DataQualityJobDefinition",), _isolated
    ),
    Control(12, "Bias jobs have network isolation", ("ModelBiasJobDefinition",), _isolated),
    Control(
        13,
        "Model quality jobs encrypt the traffic between containers",
        ("ModelQualityJobDefinition",),
        _encrypts_traffic,
    ),
    Control(
        14,
        "Monitoring schedules have network isolation",
        ("MonitoringSchedule",),
        lambda found: (
            _uses_a_job_definition(found)
            or _schedule_network(found).get("EnableNetworkIsolation") is True
        ),
        "Every schedule names a job definition, which has the network (controls 11, 12, 20 and "
        "25); a finding about the schedule itself can be suppressed.",
    ),
    Control(
        15,
        "Bias jobs encrypt the traffic between containers",
        ("ModelBiasJobDefinition",),
        _encrypts_traffic,
    ),
    Control(
        16,
        "The primary container's image is pulled from a private registry in the VPC",
        ("Model",),
        lambda found: "PrimaryContainer" not in found or _pulls_in_vpc(found["PrimaryContainer"]),
        _REGISTRY,
    ),
    Control(
        17,
        "Offline stores are encrypted with a KMS key",
        ("FeatureGroup",),
        lambda found: (
            "OfflineStoreConfig" not in found
            or "KmsKeyId" in found["OfflineStoreConfig"]["S3StorageConfig"]
        ),
    ),
    Control(
        18,
        "Online stores are encrypted with a KMS key",
        ("FeatureGroup",),
        lambda found: (
            "OnlineStoreConfig" not in found
            or found["OnlineStoreConfig"].get("StorageType") == "InMemory"
            or "KmsKeyId" in found["OnlineStoreConfig"].get("SecurityConfig", {})
        ),
    ),
    Control(
        19,
        "The images of a serial pipeline are pulled from a private registry in the VPC",
        ("Model",),
        lambda found: all(_pulls_in_vpc(container) for container in found.get("Containers", ())),
        _REGISTRY,
    ),
    Control(
        20,
        "Explainability jobs have network isolation",
        ("ModelExplainabilityJobDefinition",),
        _isolated,
        "Clarify's image invokes the model, and a custom image reads the model from S3. A custom "
        "image that contains the model is isolated.",
    ),
    Control(
        21,
        "Notebook instances have the current platform",
        ("NotebookInstance",),
        lambda found: "PlatformIdentifier" in found,
        _NOTEBOOKS,
    ),
    Control(
        22,
        "Monitoring schedules encrypt the traffic between containers",
        ("MonitoringSchedule",),
        lambda found: (
            _uses_a_job_definition(found)
            or _schedule_network(found).get("EnableInterContainerTrafficEncryption") is True
        ),
        "As control 14: the job definition encrypts it (controls 9, 10, 13 and 15).",
    ),
    Control(
        23,
        "Inference experiments encrypt the volumes of their instances with a KMS key",
        ("InferenceExperiment",),
        lambda found: "KmsKey" in found,
    ),
    Control(
        24,
        "Inference experiments encrypt captured data with a KMS key",
        ("InferenceExperiment",),
        lambda found: "KmsKey" in found.get("DataStorageConfig", {"KmsKey": ""}),
    ),
    Control(
        25, "Model quality jobs have network isolation", ("ModelQualityJobDefinition",), _isolated
    ),
)


def table(resources: Iterable[Resource]) -> str:
    """Returns the Markdown table of all controls."""
    found = list(resources)
    lines = ["| control | requirement | state | reason |", "|---|---|---|---|"]
    for control in CONTROLS:
        applicable, failures = control.evaluate(found)
        needed = control.reason if failures or not applicable or control.number in (14, 22) else ""
        state = control.state(applicable, failures)
        lines.append(f"| SageMaker.{control.number} | {control.title} | {state} | {needed} |")
    return "\n".join(lines)
