"""Writes the definition of the project's pipeline: one processing job."""

import json
import os
import sys

STEP = {
    "Name": "Count",
    "Type": "Processing",
    "Arguments": {
        "AppSpecification": {"ImageUri": os.environ["IMAGE_URI"]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": os.environ["ARTIFACT_KEY_ARN"],
            }
        },
        "RoleArn": os.environ["SAGEMAKER_PIPELINE_ROLE_ARN"],
    },
}

if __name__ == "__main__":
    json.dump({"Version": "2020-12-01", "Steps": [STEP]}, sys.stdout)
