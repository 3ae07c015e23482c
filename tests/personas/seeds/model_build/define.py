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
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": {
                "Subnets": os.environ["SUBNET_IDS"].split(","),
                "SecurityGroupIds": os.environ["SECURITY_GROUP_IDS"].split(","),
            },
        },
        "ProcessingOutputConfig": {
            "KmsKeyId": os.environ["ARTIFACT_KEY_ARN"],
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": f"s3://{os.environ['ARTIFACT_BUCKET']}/runs/train/",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
        },
        "RoleArn": os.environ["SAGEMAKER_PIPELINE_ROLE_ARN"],
    },
}

if __name__ == "__main__":
    json.dump({"Version": "2020-12-01", "Steps": [STEP]}, sys.stdout)
