"""What SageMaker refuses or ignores for some families of instance types."""

import re

_PATTERN = re.compile(r"ml\.(?P<family>[a-z0-9-]+)\.[a-z0-9]+")

# General families carry a `d` after their generation when they have NVMe disks: m5d, c6gd, g4dn.
_NAMED_FOR_LOCAL_DISK = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*")
# Accelerated families that have NVMe disks without saying so in their name.
_LOCAL_DISK = re.compile(r"(g5|g6|g6e|g7|g7e|dl1|p5.*|p6.*|trn\d.*)")


def is_instance_type(instance_type: str) -> bool:
    """Whether it is written like one; which of them a region has is CloudFormation's to know."""
    return _PATTERN.fullmatch(instance_type) is not None


def has_local_storage(instance_type: str) -> bool:
    """Whether its instances keep data on local NVMe disks, which a KMS key does not encrypt.

    Source: CreateEndpointConfig, KmsKeyId; "Instance store volumes" of the EC2 user guide.
    """
    family = _family(instance_type)
    return bool(_NAMED_FOR_LOCAL_DISK.fullmatch(family) or _LOCAL_DISK.fullmatch(family))


def is_burstable(instance_type: str) -> bool:
    """Whether it earns CPU credits (t2, t3); such instances cannot be scaled automatically.

    Source: "Automatic scaling of Amazon SageMaker AI models", prerequisites.
    """
    return re.fullmatch(r"t\d[a-z]*", _family(instance_type)) is not None


def ignores_rollout(instance_type: str) -> bool:
    """Whether AWS silently replaces any rollout by all-at-once without baking: Inf1 does.

    Source: "Deployment guardrails", exclusions.
    """
    return _family(instance_type) == "inf1"


def _family(instance_type: str) -> str:
    match = _PATTERN.fullmatch(instance_type)
    return match["family"] if match else ""
