"""A CDK app that monitors an endpoint of the loop and retrains after drift.

Context: endpoint, bucket, key, repository, tag, dataset, target, features, pipeline.
"""

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    Baseline,
    DriftMonitor,
    MetricAlarms,
    MetricThresholds,
    MonitoringImage,
    MonitoringInput,
    MonitoringOutput,
    MonitoringType,
    Retraining,
)


class Drift(cdk.Stack):
    """Defines the monitor, its baseline, alarms and retraining."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        given = {name: str(self.node.get_context(name)) for name in _CONTEXT}
        key = kms.Key.from_key_arn(self, "Key", given["key"])
        bucket = s3.Bucket.from_bucket_attributes(
            self, "Bucket", bucket_name=given["bucket"], encryption_key=key
        )
        repository = ecr.Repository.from_repository_name(self, "Images", given["repository"])
        monitor = DriftMonitor(
            self,
            "DataQuality",
            monitoring_type=MonitoringType.data_quality(),
            monitoring_input=MonitoringInput.from_endpoint(
                Endpoint.from_endpoint_name(self, "Endpoint", given["endpoint"]),
                capture_bucket=bucket,
            ),
            monitoring_output=MonitoringOutput.to_bucket(bucket, prefix="drift"),
            image=MonitoringImage.from_ecr_repository(repository, tag_or_digest=given["tag"]),
            baseline=Baseline.from_job(
                bucket, dataset_key=given["dataset"], target=given["target"]
            ),
        )
        pipeline = codepipeline.Pipeline.from_pipeline_arn(
            self,
            "ModelBuild",
            self.format_arn(service="codepipeline", resource=given["pipeline"]),
        )
        # The training of the loop has just ended; it must not prevent this one.
        retraining = Retraining.with_code_pipeline(
            pipeline, minimum_interval=cdk.Duration.seconds(0)
        )
        MetricAlarms(
            self,
            "Alarms",
            thresholds=[
                MetricThresholds.above(
                    name.title().replace(" ", ""), monitor.metric_drift(name), {"Critical": 0.3}
                )
                for name in given["features"].split(",")
            ],
            actions={"Critical": [retraining]},
        )
        cdk.CfnOutput(self, "MonitorName", value=monitor.monitor_name)
        if monitor.baseline_job is not None:
            machine = monitor.baseline_job.state_machine
            cdk.CfnOutput(self, "BaselineJob", value=machine.state_machine_arn)


_CONTEXT = (
    "endpoint",
    "bucket",
    "key",
    "repository",
    "tag",
    "dataset",
    "target",
    "features",
    "pipeline",
)

if __name__ == "__main__":
    app = cdk.App(analytics_reporting=False)
    Drift(app, "Drift")
    app.synth()
