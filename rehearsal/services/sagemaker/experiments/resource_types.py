"""CloudFormation types of experiments and trial components."""

from rehearsal.cloudformation.resource_types import ResourceType

_TIMES = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}
RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::Experiment",
        service="sagemaker",
        create="CreateExperiment",
        describe="DescribeExperiment",
        update="UpdateExperiment",
        delete="DeleteExperiment",
        identifier=("ExperimentName",),
        ref="ExperimentArn",
        attributes={"Arn": "ExperimentArn", **_TIMES},
        name_property="ExperimentName",
    ),
    ResourceType(
        type_name="AWS::SageMaker::TrialComponent",
        service="sagemaker",
        create="CreateTrialComponent",
        describe="DescribeTrialComponent",
        update="UpdateTrialComponent",
        delete="DeleteTrialComponent",
        identifier=("TrialComponentName",),
        ref="TrialComponentArn",
        attributes={
            "TrialComponentArn": "TrialComponentArn",
            "LineageGroupArn": "LineageGroupArn",
            **_TIMES,
        },
        name_property="TrialComponentName",
    ),
]
