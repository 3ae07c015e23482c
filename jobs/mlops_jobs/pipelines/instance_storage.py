"""Instance types with local NVMe storage."""

import re

# Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
# A `d` after the generation marks families with NVMe disks (m5d, c6id, g4dn, p4d). These families
# have such disks without the letter.
NVME_FAMILIES = ("g5", "g6", "g6e", "p5", "p5e", "trn1", "trn1n", "trn2")


def volume_key(key_arn: str, instance_type: str) -> str | None:
    """Returns the key for the storage volume of a job.

    Local NVMe disks are encrypted by their hardware, and SageMaker rejects a key for them.

    Args:
        key_arn: ARN of the KMS key.
        instance_type: instance type, for example `ml.m5.large`.

    Returns:
        The ARN; None for an instance type with local NVMe disks.
    """
    family = instance_type.split(".")[1]
    letters = re.sub(r"^[a-z]+\d+", "", family)
    return None if "d" in letters or family in NVME_FAMILIES else key_arn
