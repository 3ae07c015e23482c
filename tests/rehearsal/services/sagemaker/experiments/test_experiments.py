"""Experiments, trials and trial components, made by users and by jobs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.experiments.metrics import SageMakerMetrics
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.in_process import InProcess
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane, fails

Train = Callable[..., dict[str, Any]]
NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
CHANNEL = {
    "ChannelName": "train",
    "ContentType": "text/csv",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train/"}},
}


@pytest.fixture
def trial(sagemaker: Any) -> Any:
    """A client; there are the experiment `Churn`, its trial `first`, and the component `step`."""
    sagemaker.create_experiment(ExperimentName="Churn", Description="who leaves")
    sagemaker.create_trial(TrialName="first", ExperimentName="Churn")
    sagemaker.create_trial_component(
        TrialComponentName="step", Parameters={"depth": {"NumberValue": 3.0}}
    )
    return sagemaker


@pytest.fixture
def metrics(platform: FakePlatform, service: SageMaker) -> Any:
    return ServiceClient(SageMakerMetrics(platform), CALLER)


def failure(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_an_experiment_is_described_updated_and_deleted(sagemaker: Any) -> None:
    created = sagemaker.create_experiment(ExperimentName="Churn", DisplayName="Who leaves")
    sagemaker.update_experiment(ExperimentName="Churn", Description="yearly")

    described = sagemaker.describe_experiment(ExperimentName="Churn")
    listed = sagemaker.list_experiments()["ExperimentSummaries"]

    assert created["ExperimentArn"].endswith(":experiment/churn"), "ARNs are in lower case"
    assert described["Description"] == "yearly"
    assert described["DisplayName"] == "Who leaves"
    assert described["CreatedBy"]["IamIdentity"]["Arn"] == CALLER.caller_arn
    assert [one["ExperimentName"] for one in listed] == ["Churn"]
    assert sagemaker.delete_experiment(ExperimentName="Churn") == created
    code, message = failure(sagemaker.describe_experiment, ExperimentName="Churn")
    assert (code, message) == ("ResourceNotFound", "Experiment 'Churn' does not exist.")


@pytest.mark.parametrize("noun", ["experiment", "trial", "trial_component"])
def test_a_name_that_is_taken_already_exists(trial: Any, noun: str) -> None:
    member = "".join(word.title() for word in noun.split("_"))
    name = {"experiment": "Churn", "trial": "first", "trial_component": "step"}[noun]
    request = {f"{member}Name": name}
    if noun == "trial":
        request["ExperimentName"] = "Churn"

    code, message = failure(getattr(trial, f"create_{noun}"), **request)

    assert code == "ValidationException"
    assert "already exists" in message


def test_a_trial_needs_its_experiment(sagemaker: Any) -> None:
    code, _ = failure(sagemaker.create_trial, TrialName="first", ExperimentName="none")

    assert code == "ResourceNotFound"
    assert sagemaker.list_trials()["TrialSummaries"] == []


def test_a_component_is_in_several_trials_until_it_is_disassociated(trial: Any) -> None:
    trial.create_trial(TrialName="second", ExperimentName="Churn")
    for name in ("first", "second"):
        trial.associate_trial_component(TrialComponentName="step", TrialName=name)

    def trials() -> set[str]:
        found = trial.list_trials(TrialComponentName="step")["TrialSummaries"]
        return {one["TrialName"] for one in found}

    assert trials() == {"first", "second"}
    trial.disassociate_trial_component(TrialComponentName="step", TrialName="second")
    assert trials() == {"first"}
    code, _ = failure(
        trial.disassociate_trial_component, TrialComponentName="step", TrialName="second"
    )
    assert code == "ResourceNotFound"


@pytest.mark.parametrize("member", ["ExperimentName", "TrialName"])
def test_components_are_listed_by_experiment_or_trial(trial: Any, member: str) -> None:
    trial.create_trial_component(TrialComponentName="other")
    trial.associate_trial_component(TrialComponentName="step", TrialName="first")
    value = {"ExperimentName": "Churn", "TrialName": "first"}[member]

    found = trial.list_trial_components(**{member: value})["TrialComponentSummaries"]

    assert [one["TrialComponentName"] for one in found] == ["step"]


def test_components_have_one_filter(trial: Any) -> None:
    both = {"ExperimentName": "Churn", "TrialName": "first"}

    code, _ = failure(trial.list_trial_components, **both)

    assert code == "ValidationException"


def test_deletions_go_from_the_leaves_to_the_root(trial: Any) -> None:
    trial.associate_trial_component(TrialComponentName="step", TrialName="first")
    assert failure(trial.delete_experiment, ExperimentName="Churn")[0] == "ValidationException"
    assert failure(trial.delete_trial, TrialName="first")[0] == "ValidationException"
    code, message = failure(trial.delete_trial_component, TrialComponentName="step")
    assert code == "ValidationException"
    assert "disassociate it from first" in message

    trial.disassociate_trial_component(TrialComponentName="step", TrialName="first")
    trial.delete_trial_component(TrialComponentName="step")
    trial.delete_trial(TrialName="first")
    trial.delete_experiment(ExperimentName="Churn")

    assert trial.list_experiments()["ExperimentSummaries"] == []


def test_an_update_merges_parameters_and_artifacts(trial: Any) -> None:
    trial.update_trial_component(
        TrialComponentName="step",
        Parameters={"rate": {"NumberValue": 0.1}},
        InputArtifacts={"data": {"Value": "s3://b/data"}, "old": {"Value": "s3://b/old"}},
    )
    trial.update_trial_component(
        TrialComponentName="step", ParametersToRemove=["depth"], InputArtifactsToRemove=["old"]
    )

    described = trial.describe_trial_component(TrialComponentName="step")

    assert described["Parameters"] == {"rate": {"NumberValue": 0.1}}
    assert described["InputArtifacts"] == {"data": {"Value": "s3://b/data"}}


def test_a_training_job_makes_a_component_of_its_trial(
    trial: Any, trained: Train, data_plane: FakeDataPlane
) -> None:
    model = {"S3ModelArtifacts": "s3://bucket/models/train/output/model.tar.gz"}
    data_plane.behaviour["train"] = lambda run: {"ModelArtifacts": model}
    job = trained(
        HyperParameters={"max_depth": "3", "objective": "reg:linear"},
        InputDataConfig=[CHANNEL],
        ExperimentConfig={
            "ExperimentName": "Churn",
            "TrialName": "first",
            "TrialComponentDisplayName": "Training",
        },
    )

    (summary,) = trial.list_trial_components(TrialName="first")["TrialComponentSummaries"]
    component = trial.describe_trial_component(TrialComponentName=summary["TrialComponentName"])

    assert summary["TrialComponentName"] == "train-aws-training-job"
    source = {"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert summary["TrialComponentSource"] == component["Source"] == source
    assert component["DisplayName"] == "Training"
    assert component["Status"]["PrimaryStatus"] == "Completed"
    assert component["Parameters"] == {
        "max_depth": {"NumberValue": 3.0},
        "objective": {"StringValue": "reg:linear"},
        "SageMaker.ImageUri": {"StringValue": requests.IMAGE},
        "SageMaker.InstanceCount": {"NumberValue": 1.0},
        "SageMaker.InstanceType": {"StringValue": "ml.m5.large"},
        "SageMaker.VolumeSizeInGB": {"NumberValue": 10.0},
    }
    assert component["InputArtifacts"] == {
        "train": {"MediaType": "text/csv", "Value": "s3://b/train/"}
    }
    assert component["OutputArtifacts"] == {
        "SageMaker.ModelArtifact": {"Value": model["S3ModelArtifacts"]}
    }
    assert job["ExperimentConfig"]["TrialName"] == "first"


def test_a_job_of_a_run_is_a_source_of_it(trial: Any, trained: Train) -> None:
    job = trained(
        ExperimentConfig={"ExperimentName": "Churn", "TrialName": "first", "RunName": "step"}
    )

    run = trial.describe_trial_component(TrialComponentName="step")

    source = {"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert run["Sources"] == [source]
    assert job["ExperimentConfig"]["RunName"] == "step"


@pytest.mark.parametrize("member", ["ExperimentName", "TrialName"])
def test_components_of_a_group_that_does_not_exist_are_not_listed(
    sagemaker: Any, member: str
) -> None:
    assert failure(sagemaker.list_trial_components, **{member: "none"})[0] == "ResourceNotFound"


def test_the_name_is_displayed_when_nothing_else_is_given(trial: Any) -> None:
    assert trial.describe_experiment(ExperimentName="Churn")["DisplayName"] == "Churn"
    assert trial.describe_trial(TrialName="first")["DisplayName"] == "first"
    component = trial.describe_trial_component(TrialComponentName="step")
    assert component["DisplayName"] == "step"


def test_each_value_of_a_metric_counts(
    trial: Any, trained: Train, data_plane: FakeDataPlane
) -> None:
    def report(run: Any) -> Mapping[str, Any]:
        for second, value in enumerate((0.5, 0.9, 0.7)):
            moment = NOW + datetime.timedelta(seconds=second)
            metric = {"MetricName": "auc", "Value": value, "Timestamp": moment}
            run.progress({"FinalMetricDataList": [metric]})
        return {"FinalMetricDataList": [metric]}

    data_plane.behaviour["train"] = report
    trained()

    name = "train-aws-training-job"
    (auc,) = trial.describe_trial_component(TrialComponentName=name)["Metrics"]

    assert (auc["Count"], auc["Min"], auc["Max"], auc["Last"]) == (3, 0.5, 0.9, 0.7)
    assert auc["Avg"] == pytest.approx(0.7)


def test_an_experiment_without_a_trial_gets_a_new_trial(trial: Any, trained: Train) -> None:
    trained(ExperimentConfig={"ExperimentName": "Churn"})

    (made,) = trial.list_trials(TrialComponentName="train-aws-training-job")["TrialSummaries"]

    assert made["TrialName"] != "first"
    assert trial.describe_trial(TrialName=made["TrialName"])["ExperimentName"] == "Churn"


def test_a_job_without_a_configuration_has_a_component_in_no_trial(
    sagemaker: Any, trained: Train, data_plane: FakeDataPlane
) -> None:
    data_plane.behaviour["train"] = fails("AlgorithmError: no data")
    job = trained()

    # SageMaker's SDK asks with the ARN in lower case.
    (found,) = sagemaker.list_trial_components(SourceArn=job["TrainingJobArn"].lower())[
        "TrialComponentSummaries"
    ]

    assert found["Status"]["PrimaryStatus"] == "Failed"
    assert "failure reason: AlgorithmError: no data" in found["Status"]["Message"]
    name = found["TrialComponentName"]
    assert sagemaker.list_trials(TrialComponentName=name)["TrialSummaries"] == []


@pytest.mark.parametrize(
    "config",
    [
        {"ExperimentName": "none"},
        {"ExperimentName": "Churn", "TrialName": "none"},
        {"ExperimentName": "Other", "TrialName": "first"},
    ],
)
@pytest.mark.parametrize("kind", ["training", "processing"])
def test_a_configuration_that_names_nothing_makes_no_job(
    trial: Any, config: dict[str, str], kind: str
) -> None:
    trial.create_experiment(ExperimentName="Other")
    request = getattr(requests, f"{kind}_job")()

    code, _ = failure(getattr(trial, f"create_{kind}_job"), **request, ExperimentConfig=config)

    assert code in ("ResourceNotFound", "ValidationException")
    (listed,) = (
        value for value in getattr(trial, f"list_{kind}_jobs")().values() if isinstance(value, list)
    )
    assert listed == []


def test_processing_and_transform_jobs_have_components(
    sagemaker: Any, eventually: Callable[..., Any]
) -> None:
    data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/rows/"}}
    sagemaker.create_processing_job(
        **requests.processing_job(),
        ProcessingInputs=[
            {
                "InputName": "raw",
                "S3Input": {
                    "S3Uri": "s3://b/raw",
                    "LocalPath": "/opt/ml/processing/raw",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "rows",
                    "S3Output": {
                        "S3Uri": "s3://b/rows",
                        "LocalPath": "/opt/ml/processing/rows",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    )
    sagemaker.create_model(**requests.model())
    sagemaker.create_transform_job(
        TransformJobName="score",
        ModelName="churn",
        TransformInput={"DataSource": data, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": "s3://b/scores/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def component(name: str) -> Any:
        found = sagemaker.describe_trial_component(TrialComponentName=name)
        return found if found["Status"]["PrimaryStatus"] == "Completed" else None

    prepared = eventually(lambda: component("prepare-aws-processing-job"))
    scored = eventually(lambda: component("score-aws-transform-job"))
    assert prepared["InputArtifacts"] == {
        "SageMaker.ImageUri": {"Value": requests.IMAGE},
        "raw": {"Value": "s3://b/raw"},
    }
    assert prepared["OutputArtifacts"] == {"rows": {"Value": "s3://b/rows"}}
    assert scored["InputArtifacts"]["SageMaker.TransformInput"]["Value"] == "s3://b/rows/"
    assert scored["OutputArtifacts"]["SageMaker.TransformOutput"]["Value"] == "s3://b/scores/"
    assert scored["Parameters"]["SageMaker.ModelName"] == {"StringValue": "churn"}
    assert scored["Status"]["Message"] == "Status: Completed, failure reason: null"


def test_metrics_are_put_and_read_by_step_and_by_minute(trial: Any, metrics: Any) -> None:
    def datum(step: int, value: float) -> dict[str, Any]:
        moment = NOW + datetime.timedelta(seconds=40 * step)
        return {"MetricName": "loss", "Timestamp": moment, "Step": step, "Value": value}

    put = metrics.batch_put_metrics(
        TrialComponentName="step", MetricData=[datum(0, 4.0), datum(1, 2.0), datum(2, 1.0)]
    )
    arn = trial.describe_trial_component(TrialComponentName="step")["TrialComponentArn"]
    query = {"MetricName": "loss", "ResourceArn": arn}
    response = metrics.batch_get_metrics(
        MetricQueries=[
            {
                **query,
                "MetricStat": "Last",
                "Period": "IterationNumber",
                "XAxisType": "IterationNumber",
                "Start": 1,
            },
            {**query, "MetricStat": "Avg", "Period": "OneMinute", "XAxisType": "Timestamp"},
            {**query, "MetricStat": "Avg", "Period": "OneHour", "XAxisType": "IterationNumber"},
            {
                **query,
                "ResourceArn": f"{arn}-2",
                "MetricStat": "Min",
                "Period": "OneHour",
                "XAxisType": "Timestamp",
            },
        ]
    )
    by_step, by_minute, mixed, unknown = response["MetricQueryResults"]

    assert put == {}
    assert (by_step["XAxisValues"], by_step["MetricValues"]) == ([1, 2], [2.0, 1.0])
    minute = int(NOW.timestamp()) // 60 * 60
    assert by_minute["XAxisValues"] == [minute, minute + 60]
    assert by_minute["MetricValues"] == [3.0, 1.0]
    assert mixed["Status"] == unknown["Status"] == "ValidationError"


def test_metrics_of_a_component_that_does_not_exist_are_errors(metrics: Any) -> None:
    datum = {"MetricName": "loss", "Timestamp": NOW, "Value": 1.0}

    response = metrics.batch_put_metrics(TrialComponentName="none", MetricData=[datum, datum])

    assert response["Errors"] == [
        {"Code": "VALIDATION_ERROR", "MetricIndex": 0},
        {"Code": "VALIDATION_ERROR", "MetricIndex": 1},
    ]


def test_the_metrics_endpoint_speaks_the_protocol_of_boto3(
    trial: Any, platform: FakePlatform
) -> None:
    gateway = InProcess(SageMakerMetrics(platform))

    gateway.client().batch_put_metrics(
        TrialComponentName="step",
        MetricData=[{"MetricName": "loss", "Timestamp": NOW, "Value": 1.5, "Step": 0}],
    )

    (evaluation,) = gateway.evaluations
    assert evaluation.action == "sagemaker:BatchPutMetrics"
    assert evaluation.resource_arn.endswith(":experiment-trial-component/step")
    (loss,) = trial.describe_trial_component(TrialComponentName="step")["Metrics"]
    assert loss["Last"] == 1.5


def test_search_finds_components_by_parent_parameter_and_source(trial: Any, trained: Train) -> None:
    job = trained(
        HyperParameters={"max_depth": "3"},
        ExperimentConfig={"ExperimentName": "Churn", "TrialName": "first"},
    )

    def found(resource: str, name: str, value: str, operator: str = "Equals") -> list[Any]:
        filters = [{"Name": name, "Operator": operator, "Value": value}]
        response = trial.search(Resource=resource, SearchExpression={"Filters": filters})
        return [next(iter(one.values())) for one in response["Results"]]

    (by_parent,) = found("ExperimentTrialComponent", "Parents.ExperimentName", "Churn")
    (by_number,) = found(
        "ExperimentTrialComponent", "Parameters.max_depth.NumberValue", "2", "GreaterThan"
    )
    (by_source,) = found("ExperimentTrialComponent", "Source.SourceArn", job["TrainingJobArn"])
    (of_experiment,) = found("ExperimentTrial", "ExperimentName", "Churn")
    (experiment,) = found("Experiment", "Description", "leaves", "Contains")
    assert by_parent["SourceDetail"]["TrainingJob"]["TrainingJobName"] == "train"
    assert by_parent["TrialComponentName"] == by_number["TrialComponentName"]
    assert by_source["Parents"] == [{"TrialName": "first", "ExperimentName": "Churn"}]
    summaries = of_experiment["TrialComponentSummaries"]
    assert [one["TrialComponentName"] for one in summaries] == ["train-aws-training-job"]
    assert experiment["ExperimentName"] == "Churn"
