"""The job definition of a monitoring schedule for all monitoring types."""

from dataclasses import dataclass
from typing import Any

from ._analysis_type import MODEL_BIAS, MODEL_EXPLAINABILITY, MODEL_QUALITY
from .baseline import BaselineFiles
from .monitoring_frequency import MonitoringFrequency
from .monitoring_image import CLARIFY
from .monitoring_input import MonitoringInput
from .monitoring_job import MonitoringJob
from .monitoring_output import MonitoringOutput
from .monitoring_type import MonitoringType

_INPUT = "/opt/ml/processing/input/endpoint"
_OUTPUT = "/opt/ml/processing/output"


@dataclass(frozen=True, kw_only=True)
class JobDefinition:
    """The arguments of a `Cfn…JobDefinition`.

    CloudFormation has four resource types, whose members have different prefixes and differ in what
    they support; `AnalysisType` describes the differences.
    """

    monitoring_type: MonitoringType
    monitoring_input: MonitoringInput
    monitoring_output: MonitoringOutput
    frequency: MonitoringFrequency
    job: MonitoringJob
    baseline: BaselineFiles | None
    image_uri: str
    own_image: bool
    role_arn: str

    def content(self) -> dict[str, Any]:
        """Returns the arguments without the name, which contains their hash."""
        analysis_type, cfn = (
            self.monitoring_type.analysis_type,
            self.monitoring_type.analysis_type.definition,
        )
        argument = analysis_type.argument
        content = {
            f"{argument}_app_specification": self._app_specification(),
            f"{argument}_job_input": getattr(cfn, f"{analysis_type.member}JobInputProperty")(
                **self._input()
            ),
            f"{argument}_job_output_config": cfn.MonitoringOutputConfigProperty(
                monitoring_outputs=[
                    cfn.MonitoringOutputProperty(
                        s3_output=cfn.S3OutputProperty(
                            s3_uri=self.monitoring_output.uri,
                            local_path=_OUTPUT,
                            s3_upload_mode="EndOfJob",
                        )
                    )
                ],
                kms_key_id=self._key_arn(),
            ),
            "job_resources": cfn.MonitoringResourcesProperty(
                cluster_config=cfn.ClusterConfigProperty(
                    instance_count=self.job.instance_count,
                    instance_type=self.job.instance_type,
                    volume_size_in_gb=self.job.volume_size_in_gb,
                    volume_kms_key_id=self._key_arn(),
                )
            ),
            "network_config": self._network(),
            "role_arn": self.role_arn,
            "stopping_condition": cfn.StoppingConditionProperty(
                max_runtime_in_seconds=self.job.max_seconds(analysis_type)
            ),
        }
        if self.baseline is not None:
            content[f"{argument}_baseline_config"] = self._baseline_config()
        return content

    @property
    def can_be_isolated(self) -> bool:
        """False if the container needs a network.

        Clarify explains predictions by asking the model at an endpoint, and a custom image may have
        to read the model archive from S3.
        """
        return self.monitoring_type.analysis_type is not MODEL_EXPLAINABILITY or (
            self.own_image and self.monitoring_type.model_data is None
        )

    def _key_arn(self) -> str | None:
        key = self.monitoring_output.encryption_key
        return key.key_arn if key is not None else None

    def _app_specification(self) -> Any:
        analysis_type, own = self.monitoring_type.analysis_type, self.own_image
        environment = {"publish_cloudwatch_metrics": "Enabled"}
        if own:
            environment["analysis_type"] = analysis_type.name
            if self.monitoring_type.model_data is not None:
                environment["model_source"] = self.monitoring_type.model_data.uri
        arguments: dict[str, Any] = {"image_uri": self.image_uri, "environment": environment}
        if analysis_type.image == CLARIFY:
            arguments["config_uri"] = (
                self.monitoring_type.analysis_config.uri
                if self.monitoring_type.analysis_config
                else None
            )
        elif own:
            arguments["container_arguments"] = ["monitor"]
        if analysis_type is MODEL_QUALITY:
            arguments["problem_type"] = self.monitoring_type.problem_type
        return getattr(analysis_type.definition, f"{analysis_type.member}AppSpecificationProperty")(
            **arguments
        )

    def _input(self) -> dict[str, Any]:
        cfn, monitoring_input = self.monitoring_type.analysis_type.definition, self.monitoring_input
        arguments = {
            "local_path": _INPUT,
            "s3_data_distribution_type": "FullyReplicated",
            "s3_input_mode": "File",
            **self._attributes(),
        }
        rendered: dict[str, Any] = {}
        if monitoring_input.dataset_format is None:
            rendered["endpoint_input"] = cfn.EndpointInputProperty(
                endpoint_name=monitoring_input.endpoint_name, **arguments
            )
        else:
            rendered["batch_transform_input"] = cfn.BatchTransformInputProperty(
                data_captured_destination_s3_uri=monitoring_input.uri,
                dataset_format=self._dataset_format(),
                **arguments,
            )
        if self.monitoring_type.ground_truth is not None:
            rendered["ground_truth_s3_input"] = cfn.MonitoringGroundTruthS3InputProperty(
                s3_uri=self.monitoring_type.ground_truth.uri
            )
        return rendered

    def _attributes(self) -> dict[str, Any]:
        """Returns the positions of predictions, which only model quality and model bias need."""
        monitoring_type, found = self.monitoring_type, dict[str, Any]()
        if self.monitoring_type.analysis_type in (MODEL_QUALITY, MODEL_BIAS):
            found = {
                "inference_attribute": monitoring_type.inference_attribute,
                "probability_attribute": monitoring_type.probability_attribute,
                "probability_threshold_attribute": monitoring_type.probability_threshold,
            }
            offsets = monitoring_type.offsets(self.frequency)
            if offsets is not None:
                found["start_time_offset"], found["end_time_offset"] = offsets
        return found

    def _dataset_format(self) -> Any:
        cfn, chosen = (
            self.monitoring_type.analysis_type.definition,
            self.monitoring_input.dataset_format,
        )
        if chosen is None or chosen.kind == "parquet":
            return cfn.DatasetFormatProperty(parquet=True)
        if chosen.kind == "csv":
            return cfn.DatasetFormatProperty(csv=cfn.CsvProperty(header=chosen.flag))
        return cfn.DatasetFormatProperty(json=cfn.JsonProperty(line=chosen.flag))

    def _baseline_config(self) -> Any:
        analysis_type, files = self.monitoring_type.analysis_type, self.baseline
        cfn = analysis_type.definition
        if files is None:
            return None
        arguments: dict[str, Any] = {
            "baselining_job_name": files.job_name,
            "constraints_resource": cfn.ConstraintsResourceProperty(s3_uri=files.constraints.uri),
        }
        if analysis_type.has_statistics and files.statistics is not None:
            arguments["statistics_resource"] = cfn.StatisticsResourceProperty(
                s3_uri=files.statistics.uri
            )
        return getattr(cfn, f"{analysis_type.member}BaselineConfigProperty")(**arguments)

    def _network(self) -> Any:
        cfn, network = self.monitoring_type.analysis_type.definition, self.job.network
        isolation = network.isolation
        return cfn.NetworkConfigProperty(
            enable_inter_container_traffic_encryption=network.traffic_encryption,
            enable_network_isolation=self.can_be_isolated if isolation is None else isolation,
            vpc_config=cfn.VpcConfigProperty(
                security_group_ids=network.security_group_ids(), subnets=network.subnet_ids()
            )
            if network.vpc is not None
            else None,
        )
