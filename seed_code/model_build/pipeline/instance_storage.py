"""Which instances keep their data on a local disk."""

import re

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
# The `d` among the letters after the generation says that an instance has NVMe disks (m5d, c6id,
# g4dn, p4d). These have them without saying so.
WITHOUT_THE_LETTER = ("g5", "g6", "g6e", "p5", "p5e", "trn1", "trn1n", "trn2")


def volume_key(key_arn: str, instance_type: str) -> str | None:
    """The key for the volume of a job, None for an instance with local NVMe disks: its hardware
    encrypts them, and SageMaker refuses a key for them.

    Args:
        key_arn: the KMS key.
        instance_type: for example `ml.m5.large`.
    """
    family = instance_type.split(".")[1]
    letters = re.sub(r"^[a-z]+\d+", "", family)
    return None if "d" in letters or family in WITHOUT_THE_LETTER else key_arn
