"""Properties of instance type families that SageMaker's features depend on."""

import re

_PATTERN = re.compile(r"ml\.(?P<family>[a-z0-9-]+)\.[a-z0-9]+")

# General families carry a `d` after their generation when they have NVMe disks: m5d, c6gd, g4dn.
_NAMED_FOR_LOCAL_DISK = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
# Accelerated families that have NVMe disks, without the `d` in their name.
_LOCAL_DISK = re.compile(r"(g5|g6|g6e|g7|g7e|dl1|p5.*|p6.*|trn\d.*)")

# The same families in the wildcards of IAM's conditions.
LOCAL_STORAGE_PATTERNS = (
    "ml.*d*.*",
    *(f"ml.{family}.*" for family in ("g5", "g6", "g6e", "g7", "g7e", "p5*", "p6*", "trn*")),
)

_SIZES_WITH_ONE_GPU = {
    "p2": {"xlarge"},
    "p3": {"2xlarge"},
    "g4dn": {"xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"},
    "g5": {"xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge"},
}


def is_instance_type(instance_type: str) -> bool:
    """Returns True for the format of an instance type; availability is not checked."""
    return _PATTERN.fullmatch(instance_type) is not None


def has_local_storage(instance_type: str) -> bool:
    """Returns True if the type stores data on local NVMe disks, without a KMS key.

    Source: CreateEndpointConfig, KmsKeyId; "Instance store volumes" of the EC2 user guide.
    """
    family = _family(instance_type)
    return bool(_NAMED_FOR_LOCAL_DISK.fullmatch(family) or _LOCAL_DISK.fullmatch(family))


def is_burstable(instance_type: str) -> bool:
    """Returns True for burstable types (t2, t3), which do not support automatic scaling.

    Source: "Automatic scaling of Amazon SageMaker AI models", prerequisites.
    """
    return re.fullmatch(r"t\d[a-z]*", _family(instance_type)) is not None


def ignores_rollout(instance_type: str) -> bool:
    """Returns True for Inf1, where AWS silently replaces any rollout by all-at-once.

    Source: "Deployment guardrails", exclusions.
    """
    return _family(instance_type) == "inf1"


def cannot_load_many_models(instance_type: str) -> bool:
    """Returns True if AWS does not support multi-model containers on the type.

    It supports CPU types, and GPU types with one GPU. Families that the documentation does not list
    are not rejected.

    Source: "Supported algorithms, frameworks, and instances for multi-model endpoints".
    """
    family, size = _family(instance_type), instance_type.rpartition(".")[2]
    if re.fullmatch(r"inf\d.*|trn\d.*|dl1", family):
        return True
    return family in _SIZES_WITH_ONE_GPU and size not in _SIZES_WITH_ONE_GPU[family]


def _family(instance_type: str) -> str:
    match = _PATTERN.fullmatch(instance_type)
    return match["family"] if match else ""
