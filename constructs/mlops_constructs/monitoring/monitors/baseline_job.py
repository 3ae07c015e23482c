"""A state machine that creates a baseline from training data."""

import json

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from mlops_constructs._job_permissions import use_keys
from mlops_constructs._processing_request import OUTPUT, ProcessingInput, ProcessingRequest
from mlops_constructs._request_guard import guard_of
from mlops_constructs.access import Permission
from mlops_constructs.monitoring._state_machine import observed_state_machine

from ._stored import StoredFile
from .baseline import Baseline
from .monitoring_job import MonitoringJob
from .monitoring_output import MonitoringOutput
from .monitoring_type import MonitoringType

_ACTION = "sagemaker:CreateProcessingJob"
_OPERATION = "aws-sdk:sagemaker:createProcessingJob"
_CSV = {"csv": {"header": True}}
_MAX_NAME_LENGTH = 63
_UNIQUE_LENGTH = 17  # a hyphen and 16 characters of the execution's name


class BaselineJob(Construct):
    """Defines a state machine that starts a baselining job; created by `Baseline.from_job`.

    The execution ends when SageMaker accepts the job; the events of the job report its result.

    Args:
        job_name_prefix: prefix of the names of jobs.
        image_uri: URI of the image.
        own_image: True if the image is a custom one.
        monitoring_type: type of monitoring.
        baseline: baseline with the dataset.
        output: file of the constraints, in whose folder the job writes.
        monitoring_output: output of the monitor, whose key encrypts the job.
        job: compute resources, limits and network of the job.
        role: execution role of the job.

    Attributes:
        state_machine: the state machine, for example as target of a rule for approved models.

    Raises:
        ValueError: if the baseline consists of existing files.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job_name_prefix: str,
        image_uri: str,
        own_image: bool,
        monitoring_type: MonitoringType,
        baseline: Baseline,
        output: StoredFile,
        monitoring_output: MonitoringOutput,
        job: MonitoringJob,
        role: iam.IRole,
    ) -> None:
        super().__init__(scope, construct_id)
        prefix = job_name_prefix[: _MAX_NAME_LENGTH - _UNIQUE_LENGTH].rstrip("-")
        if baseline.dataset is None:
            raise ValueError(
                f"BaselineJob {self.node.path}: baseline: got Baseline.from_files; allowed is "
                "Baseline.from_job"
            )
        data = ProcessingInput(name="dataset_source", file=baseline.dataset)
        others = [
            ProcessingInput(name=name, file=file)
            for name, file in (
                ("analysis_config", monitoring_type.analysis_config),
                ("model_source", monitoring_type.model_data or baseline.model_data),
            )
            if file is not None
        ]
        request = ProcessingRequest(
            image_uri=image_uri,
            arguments=["monitor", "--baseline"] if own_image else [],
            environment={
                "analysis_type": monitoring_type.analysis_type.name,
                **({"ground_truth_attribute": baseline.target} if baseline.target else {}),
                "dataset_source": data.path if own_image else data.folder,
                "dataset_format": json.dumps(_CSV, separators=(",", ":")),
                "output_path": OUTPUT,
                "publish_cloudwatch_metrics": "Disabled",
                **{one.name: one.path for one in others},
            },
            inputs=[data, *others],
            output_uri=output.bucket.s3_url_for_object(output.key.rpartition("/")[0]),
            encryption_key=monitoring_output.encryption_key,
            job=job,
            maximum_seconds=job.max_seconds(monitoring_type.analysis_type),
            role_arn=role.role_arn,
        ).render()
        self.state_machine = self._define(prefix, request, monitoring_output, role)

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal start the baselining job.

        Args:
            grantee: principal.
        """
        return self.state_machine.grant_start_execution(grantee)

    def _define(
        self,
        prefix: str,
        request: dict[str, object],
        monitoring_output: MonitoringOutput,
        role: iam.IRole,
    ) -> stepfunctions.StateMachine:
        stack = cdk.Stack.of(self)
        unique = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 4)"
        start = stepfunctions.CustomState(
            self,
            "Start",
            state_json={
                "Type": "Task",
                "Resource": f"arn:{cdk.Aws.PARTITION}:states:::{_OPERATION}",
                "Parameters": {
                    "ProcessingJobName.$": f"States.Format('{prefix}-{{}}', {unique})",
                    **request,
                },
                "End": True,
            },
        )
        return observed_state_machine(
            self,
            definition=stepfunctions.DefinitionBody.from_chainable(start),
            role_description="Step Functions: starts a baselining job",
            permissions=[
                Permission(
                    actions=[_ACTION],
                    # The name as given, and in lower case as SageMaker writes it in ARNs.
                    resources=[
                        stack.format_arn(
                            service="sagemaker",
                            resource="processing-job",
                            resource_name=f"{one}-*",
                        )
                        for one in dict.fromkeys((prefix, prefix.lower()))
                    ],
                    because="each execution generates the rest of its job's name",
                ),
                Permission(
                    actions=["iam:PassRole"],
                    resources=[role.role_arn],
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                ),
                *use_keys([monitoring_output.encryption_key]),
                *guard_of(_ACTION, request),
            ],
            encryption_key=monitoring_output.encryption_key,
        )
