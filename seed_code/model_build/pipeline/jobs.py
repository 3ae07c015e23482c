"""The jobs of the pipeline: the image, and the settings with which SageMaker runs it."""

from collections.abc import Sequence
from typing import Any

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.pipelines.instance_storage import volume_key
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    HyperParameterTuningJobWarmStartConfig,
    ParentHyperParameterTuningJob,
)
from sagemaker.core.training.configs import (
    CheckpointConfig,
    Compute,
    OutputDataConfig,
    StoppingCondition,
)
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.train.model_trainer import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

from pipeline.configuration import Configuration
from pipeline.job_shapes import parameter_range
from pipeline.placement import ONE_INSTANCE, Instances, Placement
from pipeline.project import Project
from pipeline.warm_start import hyperparameters

PYTHON = "/opt/venv/bin/python"
HOUR = 3600


class Jobs:
    """Creates the jobs of one pipeline.

    Their code has no network access, except for that of the job that logs to MLflow. All data that
    they write is encrypted. In a project with a network, SageMaker transfers their data through its
    subnets; the roles of such a project cannot start a job elsewhere, nor one without encryption of
    the traffic between instances.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        session: an offline session of the SDK.
    """

    def __init__(self, configuration: Configuration, project: Project, session: Any) -> None:
        self._configuration, self._project, self._session = configuration, project, session
        self._placement = Placement.of(configuration, project)
        instances = configuration.instance_types
        self._processing_instance = ParameterString(
            "ProcessingInstanceType", default_value=instances.processing
        )
        self._training_instance = ParameterString("InstanceType", default_value=instances.training)

    @property
    def parameters(self) -> list[Any]:
        """Pipeline parameters that the jobs refer to."""
        return [self._processing_instance, self._training_instance]

    def processor(
        self,
        environment: dict[str, str] | None = None,
        *,
        isolated: bool = True,
        instances: Instances = ONE_INSTANCE,
    ) -> Any:
        """Creates a processing job of the image; its arguments name the Python module.

        Args:
            environment: environment variables of the container. Defaults to None: no variables.
            isolated: False for a program that calls AWS. Defaults to True: it has no network
                access, unless it has several instances, which exchange data.
            instances: number, disk and time of the instances. Defaults to one for an hour.

        Returns:
            The `Processor` of the SDK.
        """
        key = self._project.artifact_key_arn
        return Processor(
            role=self._project.role_arn,
            image_uri=self._project.image_uri,
            entrypoint=[PYTHON],
            instance_count=instances.count,
            instance_type=self._processing_instance,
            volume_size_in_gb=instances.volume,
            volume_kms_key=volume_key(key, self._configuration.instance_types.processing),
            output_kms_key=key,
            max_runtime_in_seconds=instances.hours * HOUR,
            env=environment,
            network_config=NetworkConfig(
                enable_network_isolation=isolated and instances.count == 1,
                encrypt_inter_container_traffic=True,
                subnets=list(self._placement.subnets) or None,
                security_group_ids=list(self._placement.security_groups) or None,
            ),
            sagemaker_session=self._session,
            tags=self._project.tags,
        )

    def tuner(
        self,
        metric: Metric,
        channels: Sequence[Any],
        checkpoints: Any,
        parents: Sequence[str] = (),
    ) -> Any:
        """Creates the search for the best hyperparameters.

        Args:
            metric: metric that the trials optimize.
            channels: input channels of the trials.
            checkpoints: S3 URI for the checkpoints of trials on spot instances.
            parents: tuning jobs from whose trials the search starts. Defaults to none.

        Returns:
            The `HyperparameterTuner` of the SDK.
        """
        tuning = self._configuration.tuning
        name = f"validation:{metric.name}"
        return HyperparameterTuner(
            self._trainer(metric, channels, checkpoints),
            name,
            {
                hyperparameter: parameter_range(hyperparameter, *ends)
                for hyperparameter, ends in tuning.ranges.items()
            },
            metric_definitions=[
                {"Name": name, "Regex": rf"{name}=(-?[0-9\.]+)"},
                {"Name": "validation:loss", "Regex": r"validation-loss=([0-9\.]+)"},
            ],
            strategy=tuning.strategy,
            max_jobs=tuning.jobs,
            max_parallel_jobs=tuning.parallel,
            objective_type="Maximize" if metric.maximize else "Minimize",
            early_stopping_type="Auto" if tuning.early_stopping else "Off",
            random_seed=self._configuration.seed,
            warm_start_config=_warm_start(parents) if parents else None,
            tags=self._project.tags,
        )

    def _trainer(self, metric: Metric, channels: Sequence[Any], checkpoints: Any) -> Any:
        tuning = self._configuration.tuning
        return ModelTrainer(
            training_image=self._project.image_uri,
            role=self._project.role_arn,
            sagemaker_session=self._session,
            compute=Compute(
                instance_type=self._training_instance,
                instance_count=tuning.instances,
                volume_size_in_gb=30,
                enable_managed_spot_training=tuning.spot,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=4 * HOUR,
                max_wait_time_in_seconds=8 * HOUR if tuning.spot else None,
            ),
            # SageMaker restarts spot jobs only.
            checkpoint_config=CheckpointConfig(s3_uri=checkpoints) if tuning.spot else None,
            output_data_config=OutputDataConfig(
                s3_output_path=f"s3://{self._project.artifact_bucket}/models",
                kms_key_id=self._project.artifact_key_arn,
            ),
            hyperparameters=hyperparameters(self._configuration, metric),
            input_data_config=list(channels),
        )

    def complete(self, job: dict[str, Any]) -> None:
        """Adds the settings to a tuner's training jobs that the tuner of SDK 3.27 omits.

        Args:
            job: `TrainingJobDefinition` of the pipeline definition; it is changed in place.
        """
        job["EnableNetworkIsolation"] = True
        job["EnableInterContainerTrafficEncryption"] = True
        if self._placement.vpc_config:
            job["VpcConfig"] = self._placement.vpc_config
        key = volume_key(
            self._project.artifact_key_arn, self._configuration.instance_types.training
        )
        if key:
            job["ResourceConfig"]["VolumeKmsKeyId"] = key


def _warm_start(parents: Sequence[str]) -> Any:
    return HyperParameterTuningJobWarmStartConfig(
        warm_start_type="TransferLearning",
        parent_hyper_parameter_tuning_jobs=[
            ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name=name) for name in parents
        ],
    )
