"""The definition of the SageMaker Pipeline, without a call to AWS."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.client
import pytest
from mlops_jobs.evaluation import job as evaluation
from mlops_jobs.failure import InputError
from mlops_jobs.features import job as features_job
from mlops_jobs.ingestion import job as ingestion
from mlops_jobs.monitoring import model_baselines
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.serving.online_features import OnlineFeatures
from mlops_jobs.table import preprocess

from pipeline import sections
from pipeline.configuration import Configuration
from pipeline.data import RawData
from pipeline.project import Project
from tests.fakes import PROJECT, some_hyperparameters

pytest.importorskip("sagemaker.core", reason="only the train build has the SageMaker SDK")

Define = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def hyperparameters() -> Iterator[None]:
    with some_hyperparameters():
        yield


def make_definition(
    problem_type: str = "binary",
    metric: str = "auc",
    *,
    project: Project = PROJECT,
    warm_start: tuple[str, ...] = (),
    **sections: Any,
) -> dict[str, Any]:
    from pipeline.definition import Definition

    document = {
        "data": {"target": "answer", "drop": ["id", "due date"], "positive_label": "yes"},
        "objective": {"metric": metric, "threshold": 0.8},
        "training": {"num_round": 50, "eta": 0.2},
        "tuning": {"ranges": {"max_depth": [2, 8], "eta": [0.05, 0.3]}},
    }
    raw = RawData(
        uri="s3://churn-artifacts/data/table.csv",
        target="answer",
        problem_type=ProblemType(problem_type),
        version="v1",
    )
    configuration = Configuration.model_validate(document | sections)
    made = Definition(
        configuration=configuration, project=project, data=raw, warm_start=warm_start
    ).to_json()
    read: dict[str, Any] = json.loads(made)
    return read


@pytest.fixture(scope="module")
def define() -> Iterator[Define]:
    """Creates definitions; a call to AWS, or any connection, fails the test."""

    def fail(*arguments: object, **_: object) -> None:
        raise AssertionError(f"the definition called {arguments}")

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", fail)
        monkeypatch.setattr(socket.socket, "connect", fail)
        monkeypatch.setattr(socket, "getaddrinfo", fail)
        yield make_definition


@pytest.fixture(scope="module")
def definition(define: Define) -> dict[str, Any]:
    """The definition of a binary problem."""
    return define()


def step(definition: dict[str, Any], name: str) -> dict[str, Any]:
    check = definition["Steps"][-1]["Arguments"]
    steps = [*definition["Steps"], *check["IfSteps"], *check["ElseSteps"]]
    (found,) = [step for step in steps if step["Name"] == name]
    arguments: dict[str, Any] = found["Arguments"]
    return arguments


def test_the_steps(definition: dict[str, Any]) -> None:
    assert [(each["Name"], each["Type"]) for each in definition["Steps"]] == [
        ("Preprocess", "Processing"),
        ("Tune", "Tuning"),
        ("Evaluate", "Processing"),
        ("Baseline", "Processing"),
        ("CheckQuality", "Condition"),
    ]
    check = step(definition, "CheckQuality")
    assert [each["Name"] for each in check["IfSteps"]] == ["Register"]
    assert [each["Name"] for each in check["ElseSteps"]] == ["QualityBelowThreshold"]
    assert {each["Name"]: each["DefaultValue"] for each in definition["Parameters"]} == {
        "InputData": "s3://churn-artifacts/data/table.csv",
        "ProcessingInstanceType": "ml.m5.large",
        "InstanceType": "ml.m5.large",
        "QualityThreshold": 0.8,
        "Champion": "none",
        "ChampionModel": "s3://churn-artifacts/data/no-champion/none",
    }


def test_the_same_input_gives_the_same_definition(
    define: Define, definition: dict[str, Any]
) -> None:
    assert define() == definition


def test_jobs_are_isolated_encrypted_and_tagged(definition: dict[str, Any]) -> None:
    key = PROJECT.artifact_key_arn
    for name in ("Preprocess", "Evaluate", "Baseline"):
        job = step(definition, name)
        assert job["NetworkConfig"] == {
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
        }
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == key
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == key
        assert job["Tags"] == PROJECT.tags
    tuning = step(definition, "Tune")
    training = tuning["TrainingJobDefinition"]
    assert training["EnableNetworkIsolation"] is True
    assert training["EnableInterContainerTrafficEncryption"] is True
    assert "VpcConfig" not in training
    assert training["OutputDataConfig"]["KmsKeyId"] == key
    assert training["ResourceConfig"]["VolumeKmsKeyId"] == key
    assert tuning["Tags"] == PROJECT.tags


WITH_FEATURES: dict[str, Any] = {
    "data": {
        "target": "answer",
        "delimiter": ";",
        "encoding": "latin-1",
        "drop": ["id", "due date"],
        "positive_label": "yes",
    },
    "features": {
        "group": "customers",
        "source": "s3://churn-artifacts/data/customers/",
        "entity": "customer id",
        "time": "signed_at",
        "columns": ["orders"],
        "as_of": "2026-11-01",
        "online": {"timeout_ms": 250},
    },
}


@pytest.fixture(scope="module")
def with_features(define: Define) -> dict[str, Any]:
    """The definition of a project with features."""
    return define(**WITH_FEATURES)


def test_features_are_ingested_and_added_before_the_table_is_prepared(
    with_features: dict[str, Any],
) -> None:
    ingest, features, prepare, *_ = with_features["Steps"]
    assert [one["Name"] for one in (ingest, features, prepare)] == [
        "Ingest",
        "Features",
        "Preprocess",
    ]
    assert features["DependsOn"] == ["Ingest"]
    (table,) = step(with_features, "Preprocess")["ProcessingInputs"]
    assert table["S3Input"]["S3Uri"] == {
        "Get": "Steps.Features.ProcessingOutputConfig.Outputs['table'].S3Output.S3Uri"
    }
    (data,) = step(with_features, "Features")["ProcessingInputs"]
    assert data["S3Input"]["S3Uri"] == {"Get": "Parameters.InputData"}


def test_the_image_understands_the_arguments_of_the_steps_of_features(
    with_features: dict[str, Any],
) -> None:
    def arguments(name: str) -> list[str]:
        found: list[str] = step(with_features, name)["AppSpecification"]["ContainerArguments"]
        return found

    assert arguments("Ingest")[:3] == ["-m", "tabular", "ingest"]
    ingest = ingestion.parser().parse_args(arguments("Ingest")[3:])
    assert ingest.feature_group == "churn_customers"
    assert ingest.source == "s3://churn-artifacts/data/customers"
    assert ingest.ledger == "s3://churn-artifacts/features/customers/ledger"
    assert ingest.rejected == "s3://churn-artifacts/features/customers/rejected"
    assert (ingest.store, ingest.max_rejected) == ("direct", 0.05)
    assert arguments("Features")[:3] == ["-m", "tabular", "features"]
    added = features_job.parser().parse_args(arguments("Features")[3:])
    assert (added.identifier, added.time, added.late) == ("customer id", "signed_at", "used")
    assert (added.delimiter, added.encoding) == (";", "latin-1")
    assert (added.feature, added.as_of) == (["orders"], "2026-11-01")
    prepared = preprocess.parser().parse_args(arguments("Preprocess")[3:])
    assert (prepared.delimiter, prepared.encoding) == (",", "utf-8")


def test_only_the_steps_of_features_call_aws(with_features: dict[str, Any]) -> None:
    isolated = {
        name: step(with_features, name)["NetworkConfig"]["EnableNetworkIsolation"]
        for name in ("Ingest", "Features", "Preprocess", "Evaluate", "Baseline")
    }
    assert [name for name, alone in isolated.items() if not alone] == ["Ingest", "Features"]
    for name in ("Ingest", "Features"):
        assert step(with_features, name)["ProcessingOutputConfig"]["KmsKeyId"]
        assert step(with_features, name)["Tags"] == PROJECT.tags


def test_the_model_package_has_the_look_up_of_its_features(
    definition: dict[str, Any], with_features: dict[str, Any]
) -> None:
    def environment(of: dict[str, Any]) -> dict[str, str]:
        (container,) = step(of, "Register")["InferenceSpecification"]["Containers"]
        found: dict[str, str] = container.get("Environment", {})
        return found

    assert "ONLINE_FEATURES" not in environment(definition)
    assert OnlineFeatures.from_environment(environment(with_features)) == OnlineFeatures(
        group="churn_customers",
        entity="customer id",
        features=("orders",),
        missing="empty",
        unavailable="reject",
        timeout_ms=250,
    )


def test_the_look_up_names_the_role_of_stages_in_other_accounts(
    define: Define,
) -> None:
    role = "arn:aws:iam::111122223333:role/sagemaker-projects/churn-eu-west-1-features"
    definition = define(project=replace(PROJECT, feature_reader_role_arn=role), **WITH_FEATURES)
    (container,) = step(definition, "Register")["InferenceSpecification"]["Containers"]
    found = OnlineFeatures.from_environment(container["Environment"])
    assert found is not None
    assert (found.role, found.region) == (role, PROJECT.region)


def test_preprocessing_on_spark_has_the_instances_of_the_configuration(define: Define) -> None:
    large = {"engine": "spark", "instances": 4, "volume": 200, "hours": 6}
    changed = define(processing=large)
    job = step(changed, "Preprocess")
    cluster = job["ProcessingResources"]["ClusterConfig"]
    assert (cluster["InstanceCount"], cluster["VolumeSizeInGB"]) == (4, 200)
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 6 * 3600}
    # Isolated containers have no connection to one another.
    assert job["NetworkConfig"] == {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": True,
    }
    arguments = job["AppSpecification"]["ContainerArguments"][3:]
    assert preprocess.parser().parse_args(arguments).engine == "spark"
    evaluate = step(changed, "Evaluate")
    assert evaluate["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    assert evaluate["NetworkConfig"]["EnableNetworkIsolation"] is True


def test_features_are_ingested_by_the_engine_of_the_configuration(define: Define) -> None:
    chosen = {"group": "customers", "source": "s3://records/customers", "entity": "customer id"}
    large = {"engine": "spark", "instances": 4, "volume": 200, "hours": 6}
    job = step(define(features={**chosen, "time": "signed"}, processing=large), "Ingest")
    cluster = job["ProcessingResources"]["ClusterConfig"]
    assert (cluster["InstanceCount"], cluster["VolumeSizeInGB"]) == (4, 200)
    arguments = job["AppSpecification"]["ContainerArguments"][3:]
    assert ingestion.parser().parse_args(arguments).engine == "spark"
    one = step(define(features={**chosen, "time": "signed"}), "Ingest")
    assert one["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    arguments = one["AppSpecification"]["ContainerArguments"][3:]
    assert ingestion.parser().parse_args(arguments).engine == "python"


def test_spark_on_one_instance_is_isolated(define: Define) -> None:
    job = step(define(processing={"engine": "spark"}), "Preprocess")
    assert job["NetworkConfig"]["EnableNetworkIsolation"] is True


def vpc_configs(definition: dict[str, Any]) -> list[Any]:
    """Returns the VpcConfig of each job of a definition."""
    training = step(definition, "Tune")["TrainingJobDefinition"]
    names = ("Preprocess", "Evaluate", "Baseline")
    processing = [step(definition, name)["NetworkConfig"] for name in names]
    return [job.get("VpcConfig") for job in (*processing, training)]


def test_jobs_are_in_the_network_of_the_project(define: Define) -> None:
    project = replace(PROJECT, subnet_ids=("subnet-1", "subnet-2"), security_group_ids=("sg-1",))
    place = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert vpc_configs(define(project=project)) == [place] * 4


def test_the_configuration_chooses_among_the_subnets(define: Define) -> None:
    project = replace(PROJECT, subnet_ids=("subnet-1", "subnet-2"), security_group_ids=("sg-1",))
    definition = define(project=project, network={"subnets": ["subnet-0a1b2c3d"]})
    place = {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-1"]}
    assert vpc_configs(definition) == [place] * 4


def test_subnets_without_security_groups_are_rejected(define: Define) -> None:
    with pytest.raises(InputError, match=r"got subnets \['subnet-0a1b2c3d'\] and security groups"):
        define(network={"subnets": ["subnet-0a1b2c3d"]})


def test_instances_with_local_disks_get_no_volume_key(define: Define) -> None:
    definition = define(instance_types={"processing": "ml.m5d.large", "training": "ml.c5d.xlarge"})
    cluster = step(definition, "Preprocess")["ProcessingResources"]["ClusterConfig"]
    training = step(definition, "Tune")["TrainingJobDefinition"]["ResourceConfig"]
    assert "VolumeKmsKeyId" not in cluster
    assert "VolumeKmsKeyId" not in training


def test_the_image_understands_the_arguments_of_preprocessing(definition: dict[str, Any]) -> None:
    application = step(definition, "Preprocess")["AppSpecification"]
    assert application["ContainerEntrypoint"] == ["/opt/venv/bin/python"]
    assert application["ContainerArguments"][:3] == ["-m", "tabular", "preprocess"]
    options = preprocess.parser().parse_args(application["ContainerArguments"][3:])
    assert (options.target, options.problem_type) == ("answer", "binary")
    assert (options.drop, options.positive_label) == (["id", "due date"], "yes")
    assert (options.validation_share, options.test_share, options.seed) == (0.2, 0.2, 7)
    assert options.input == Path("/opt/ml/processing/input/data")


@pytest.mark.parametrize(
    ("sections", "time", "group"),
    [
        ({}, "scheduled", ""),
        ({"split": {"group": "customer"}}, "", "customer"),
        ({"split": {"time": "when"}}, "when", ""),
        ({"data": {"uri": "s3://bucket/table.csv", "target": "answer"}}, "", ""),
    ],
)
def test_rows_are_split_by_time_for_the_default_data_or_where_it_is_configured(
    define: Define, sections: dict[str, Any], time: str, group: str
) -> None:
    arguments = step(define(**sections), "Preprocess")["AppSpecification"]["ContainerArguments"]
    options = preprocess.parser().parse_args(arguments[3:])
    assert (options.time, options.group) == (time, group)


def test_preprocessing_is_cached_for_the_content_of_the_data(definition: dict[str, Any]) -> None:
    assert definition["Steps"][0]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    assert step(definition, "Preprocess")["Environment"] == {"DATA_VERSION": "v1"}


def test_the_tuner_varies_the_ranges_and_keeps_the_rest(definition: dict[str, Any]) -> None:
    tuning = step(definition, "Tune")
    config = tuning["HyperParameterTuningJobConfig"]
    ranges = config["ParameterRanges"]
    assert ranges["IntegerParameterRanges"][0]["Name"] == "max_depth"
    assert ranges["ContinuousParameterRanges"][0] == {
        "Name": "eta",
        "MinValue": "0.05",
        "MaxValue": "0.3",
        "ScalingType": "Logarithmic",
    }
    fixed = tuning["TrainingJobDefinition"]["StaticHyperParameters"]
    assert fixed == {"metric": "auc", "num_round": "50"}
    assert config["HyperParameterTuningJobObjective"] == {
        "Type": "Maximize",
        "MetricName": "validation:auc",
    }


def test_a_search_starts_from_the_trials_of_other_jobs(
    define: Define, definition: dict[str, Any]
) -> None:
    assert "WarmStartConfig" not in step(definition, "Tune")
    assert step(define(warm_start=("before-1", "before-2")), "Tune")["WarmStartConfig"] == {
        "WarmStartType": "TransferLearning",
        "ParentHyperParameterTuningJobs": [
            {"HyperParameterTuningJobName": "before-1"},
            {"HyperParameterTuningJobName": "before-2"},
        ],
    }


def test_trials_get_the_criterion_of_the_threshold_and_fit_again(define: Define) -> None:
    costs = {"false_positive": 1, "false_negative": 5}
    changed = define(
        decision={"threshold": "cost", "costs": costs}, split={"refit": True, "group": "customer"}
    )
    fixed = step(changed, "Tune")["TrainingJobDefinition"]["StaticHyperParameters"]
    assert fixed["decision_threshold"] == "cost"
    assert (float(fixed["cost_false_positive"]), float(fixed["cost_false_negative"])) == (1, 5)
    assert fixed["refit"] == "1"


def test_trials_fit_once_where_the_newest_rows_are_held_out(define: Define) -> None:
    changed = define(split={"refit": True, "time": "signed"})
    assert "refit" not in step(changed, "Tune")["TrainingJobDefinition"]["StaticHyperParameters"]


def test_trials_have_the_instances_of_the_configuration(
    define: Define, definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "DISTRIBUTED", True)
    ranges = {"eta": [0.05, 0.3]}
    several = step(define(tuning={"ranges": ranges, "instances": 3}), "Tune")
    training = several["TrainingJobDefinition"]
    assert training["ResourceConfig"]["InstanceCount"] == 3
    # Instances of a training job exchange data in isolation.
    assert training["EnableNetworkIsolation"] is True
    assert training["EnableInterContainerTrafficEncryption"] is True
    sources = [one["DataSource"]["S3DataSource"] for one in training["InputDataConfig"]]
    assert {one["S3DataDistributionType"] for one in sources} == {"FullyReplicated"}
    one = step(definition, "Tune")["TrainingJobDefinition"]["ResourceConfig"]
    assert one["InstanceCount"] == 1


def test_spot_instances_keep_checkpoints(define: Define, definition: dict[str, Any]) -> None:
    ranges = {"eta": [0.05, 0.3]}
    training = step(define(tuning={"ranges": ranges, "spot": True}), "Tune")[
        "TrainingJobDefinition"
    ]
    assert training["EnableManagedSpotTraining"] is True
    assert "CheckpointConfig" in training
    assert training["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 14400,
        "MaxWaitTimeInSeconds": 28800,
    }
    without = step(definition, "Tune")["TrainingJobDefinition"]
    assert "CheckpointConfig" not in without


@pytest.mark.parametrize(
    ("problem_type", "metric", "condition", "path", "tuned"),
    [
        (
            "binary",
            "auc",
            "GreaterThanOrEqualTo",
            "binary_classification_metrics.auc.value",
            "Maximize",
        ),
        (
            "multiclass",
            "f1",
            "GreaterThanOrEqualTo",
            "multiclass_classification_metrics.weighted_f1.value",
            "Maximize",
        ),
        ("regression", "rmse", "LessThanOrEqualTo", "regression_metrics.rmse.value", "Minimize"),
    ],
)
def test_the_quality_check_uses_the_metric(
    define: Define, problem_type: str, metric: str, condition: str, path: str, tuned: str
) -> None:
    definition = define(problem_type, metric)
    checked, _ = step(definition, "CheckQuality")["Conditions"]
    assert checked["Type"] == condition
    assert checked["LeftValue"]["Std:JsonGet"]["Path"] == path
    assert checked["RightValue"] == {"Get": "Parameters.QualityThreshold"}
    config = step(definition, "Tune")["HyperParameterTuningJobConfig"]
    assert config["HyperParameterTuningJobObjective"]["Type"] == tuned


@pytest.mark.parametrize(
    ("problem_type", "condition", "key", "threshold"),
    [
        ("binary", "GreaterThan", "auc", 0),
        ("multiclass", "GreaterThan", "accuracy", 0),
        ("regression", "LessThan", "rmse", 1e38),
    ],
)
def test_without_a_threshold_a_model_must_be_better_than_one_without_features(
    define: Define, problem_type: str, condition: str, key: str, threshold: float
) -> None:
    definition = define(problem_type, objective={})
    reached, better, _ = step(definition, "CheckQuality")["Conditions"]
    assert better["Type"] == condition
    assert better["LeftValue"] == reached["LeftValue"]
    path = better["RightValue"]["Std:JsonGet"]["Path"]
    assert path == f"baseline.without_features.{key}.value"
    defaults = {one["Name"]: one.get("DefaultValue") for one in definition["Parameters"]}
    assert defaults["QualityThreshold"] == threshold
    arguments = step(definition, "Evaluate")["AppSpecification"]["ContainerArguments"]
    assert "--beats-baseline" in arguments
    message = json.dumps(step(definition, "QualityBelowThreshold"))
    assert "that of a model without features" in message


def test_a_model_that_is_worse_than_the_deployed_one_is_not_registered(define: Define) -> None:
    definition = define(objective={"metric": "auc", "threshold": 0.8, "margin": 0.02})
    *_, checked = step(definition, "CheckQuality")["Conditions"]
    assert checked["Type"] == "LessThanOrEqualTo"
    assert checked["LeftValue"]["Std:JsonGet"]["Path"] == "champion.certain_loss"
    assert checked["RightValue"] == 0.02
    message = json.dumps(step(definition, "QualityBelowThreshold"))
    assert "worse than that of the deployed model beyond the margin 0.02" in message


def test_the_image_understands_the_arguments_of_the_evaluation(definition: dict[str, Any]) -> None:
    job = step(definition, "Evaluate")
    *texts, champion = job["AppSpecification"]["ContainerArguments"]
    assert champion == {"Get": "Parameters.Champion"}
    threshold = texts.pop(3)["Std:Join"]
    assert threshold == {
        "On": "=",
        "Values": ["--threshold", {"Get": "Parameters.QualityThreshold"}],
    }
    options = evaluation.parser().parse_args([*texts[3:], "arn:version/3"])
    assert (options.metric, options.margin, options.champion_version) == ("auc", 0, "arn:version/3")
    assert options.beats_baseline is False
    inputs = {one["InputName"]: one["S3Input"] for one in job["ProcessingInputs"]}
    assert {name: one["LocalPath"] for name, one in inputs.items()} == {
        name: str(getattr(options, name)) for name in ("model", "test", "champion")
    }
    assert inputs["champion"]["S3Uri"] == {"Get": "Parameters.ChampionModel"}


def package_version(definition: dict[str, Any]) -> str:
    """Returns the version of the data, with which Preprocess is cached."""
    environment = step(definition, "Preprocess")["Environment"]
    return str(environment["DATA_VERSION"])


def test_records_of_a_group_have_no_version(with_features: dict[str, Any]) -> None:
    """Records arrive without another version of the table, so another training is not the same."""
    assert "data_version" not in step(with_features, "Register")["CustomerMetadataProperties"]


def test_the_package_says_what_it_was_made_of(definition: dict[str, Any]) -> None:
    package = step(definition, "Register")
    assert package["ModelPackageGroupName"] == "churn"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    properties = package["CustomerMetadataProperties"]
    assert properties["problem_type"] == "binary"
    assert properties["target"] == "answer"
    assert properties["commit"] == "0a1b2c3d4e"
    assert properties["data_version"] == package_version(definition)
    assert properties["holdout"]["Std:Join"]["Values"][-1] == "holdout.csv"
    inference = package["InferenceSpecification"]
    assert inference["SupportedContentTypes"] == ["text/csv", "application/json"]
    assert inference["Containers"][0]["Image"] == PROJECT.image_uri
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["S3Uri"]["Std:Join"]["Values"][-1] == "evaluation.json"


def relative(uri: dict[str, Any]) -> str:
    """Returns the place of a file of the baselines; the folder is an output of the step."""
    folder, name = uri["Std:Join"]["Values"]
    assert folder == {
        "Get": "Steps.Baseline.ProcessingOutputConfig.Outputs['baseline'].S3Output.S3Uri"
    }
    return str(name)


def files(part: dict[str, Any]) -> dict[str, str]:
    """Returns the place of each file of a part of DriftCheckBaselines."""
    return {name: relative(source["S3Uri"]) for name, source in part.items()}


def test_the_package_brings_the_baselines_of_its_monitors(definition: dict[str, Any]) -> None:
    package = step(definition, "Register")
    baselines = package["DriftCheckBaselines"]
    assert {name: files(part) for name, part in baselines.items()} == {
        "ModelDataQuality": {
            "Statistics": "data-quality/statistics.json",
            "Constraints": "data-quality/constraints.json",
        },
        "ModelQuality": {
            "Statistics": "model-quality/statistics.json",
            "Constraints": "model-quality/constraints.json",
        },
        "Explainability": {
            "Constraints": "explainability/constraints.json",
            "ConfigFile": "explainability/analysis_config.json",
        },
    }
    folder = package["CustomerMetadataProperties"]["baseline"]
    assert folder == baselines["ModelQuality"]["Statistics"]["S3Uri"]["Std:Join"]["Values"][0]
    pages = {
        name: package["CustomerMetadataProperties"][name]["Std:Join"]["Values"]
        for name in ("evaluation", "data_report")
    }
    outputs = "ProcessingOutputConfig.Outputs"
    assert pages == {
        "evaluation": [
            {"Get": f"Steps.Evaluate.{outputs}['evaluation'].S3Output.S3Uri"},
            "evaluation.html",
        ],
        "data_report": [
            {"Get": f"Steps.Preprocess.{outputs}['report'].S3Output.S3Uri"},
            "data_report.html",
        ],
    }
    assert package["CustomerMetadataProperties"]["champion"] == {"Get": "Parameters.Champion"}
    assert package["CustomerMetadataProperties"]["data"] == {"Get": "Parameters.InputData"}
    (output,) = step(definition, "Baseline")["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"]["Std:Join"]["Values"] == [
        "s3://churn-artifacts/runs",
        {"Get": "Execution.PipelineExecutionId"},
        "baseline",
    ]


def test_the_package_has_a_model_card(definition: dict[str, Any]) -> None:
    card = step(definition, "Register")["ModelCard"]
    assert card["ModelCardStatus"] == "Draft"
    pieces = card["ModelCardContent"]["Std:Join"]
    assert pieces["On"] == ""
    content = json.loads(
        "".join(one if isinstance(one, str) else f"<{one['Get']}>" for one in pieces["Values"])
    )
    (evaluation_details,) = content["evaluation_details"]
    folder = "<Steps.Evaluate.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri>"
    assert evaluation_details["metadata"]["page"] == f"{folder}/evaluation.html"
    details = content["additional_information"]["custom_details"]
    assert details["commit"] == "0a1b2c3d4e"
    assert details["champion"] == "<Parameters.Champion>"
    assert details["data_report"].endswith("/data_report.html")
    datasets = content["training_details"]["training_job_details"]["training_datasets"]
    assert datasets == ["<Parameters.InputData>"]


def test_configured_groups_have_a_baseline_of_bias(define: Define) -> None:
    bias = {"favorable": ["yes"], "facets": {"gender": ["female", "other"], "age": 40}}
    definition = define(bias=bias, evaluation={"slices": ["city"]})
    texts = step(definition, "Evaluate")["AppSpecification"]["ContainerArguments"][3:-2]
    texts = [text for text in texts if isinstance(text, str)]
    evaluated = evaluation.parser().parse_args(texts)
    assert evaluated.slice == ["city"]
    application = step(definition, "Baseline")["AppSpecification"]
    options = model_baselines.parser().parse_args(application["ContainerArguments"][3:])
    assert options.facet == [
        {"name_or_index": "gender", "value_or_threshold": ["female", "other"]},
        {"name_or_index": "age", "value_or_threshold": [40.0]},
    ]
    assert options.favorable == evaluated.favorable == ["yes"]
    assert options.facet == evaluated.facet
    package = step(definition, "Register")
    assert files(package["DriftCheckBaselines"]["Bias"]) == {
        "ConfigFile": "bias/analysis_config.json",
        "PreTrainingConstraints": "bias/constraints.json",
        "PostTrainingConstraints": "bias/constraints.json",
    }
    assert relative(package["ModelMetrics"]["Bias"]["Report"]["S3Uri"]) == "bias/statistics.json"


def test_the_image_understands_the_arguments_of_the_baselines(definition: dict[str, Any]) -> None:
    job = step(definition, "Baseline")
    assert job["AppSpecification"]["ContainerArguments"] == ["-m", "tabular", "baseline"]
    inputs = {one["InputName"]: one["S3Input"]["LocalPath"] for one in job["ProcessingInputs"]}
    options = model_baselines.parser().parse_args([])
    assert inputs == {name: str(getattr(options, name)) for name in ("model", "rows", "test")}
    assert str(options.output) == "/opt/ml/processing/output/baseline"


def test_another_release_of_the_sdk_is_rejected(
    define: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.offline_session.version", lambda _: "2.28.0")

    with pytest.raises(InputError, match=r"sagemaker-core: got 2\.28\.0; allowed: 2\.27\.0"):
        define()


APP = "arn:aws:sagemaker:eu-west-1:111122223333:mlflow-app/app-A"


@pytest.fixture(scope="module")
def tracked(define: Define) -> dict[str, Any]:
    """The definition of a project with an MLflow App."""
    return define(project=replace(PROJECT, mlflow_app_arn=APP))


def names(steps: list[dict[str, Any]]) -> list[str]:
    return [each["Name"] for each in steps]


def test_executions_are_logged_in_a_project_with_an_mlflow_app(
    definition: dict[str, Any], tracked: dict[str, Any]
) -> None:
    check, plain = step(tracked, "CheckQuality"), step(definition, "CheckQuality")
    assert names(check["IfSteps"]) == [*names(plain["IfSteps"]), "Track"]
    assert names(check["ElseSteps"]) == ["TrackRejected", *names(plain["ElseSteps"])]
    logged = step(tracked, "Track")["AppSpecification"]["ContainerArguments"]
    given = dict(zip(logged[2:16:2], logged[3:16:2], strict=True))
    assert given["--app"] == APP
    assert given["--experiment"] == "churn"
    assert given["--commit"] == "0a1b2c3d4e"
    assert given["--data"] == {"Get": "Parameters.InputData"}
    assert given["--execution"] == {"Get": "Execution.PipelineExecutionArn"}
    assert given["--tuning-job"] == {"Get": "Steps.Tune.HyperParameterTuningJobName"}
    assert logged[-2] == "--package"
    assert "ModelPackageArn" in json.dumps(logged[-1])
    output = step(tracked, "Track")["ProcessingOutputConfig"]
    assert output["KmsKeyId"] == PROJECT.artifact_key_arn, "which the role requires of each job"
    rejected = step(tracked, "TrackRejected")["AppSpecification"]["ContainerArguments"]
    assert "--package" not in rejected


def test_only_the_job_that_logs_has_a_network(tracked: dict[str, Any]) -> None:
    def isolated(name: str) -> bool:
        return bool(step(tracked, name)["NetworkConfig"]["EnableNetworkIsolation"])

    assert not isolated("Track")
    assert isolated("Preprocess")
    assert isolated("Evaluate")
    arguments = step(tracked, "Track")["AppSpecification"]["ContainerArguments"]
    assert arguments[:2] == ["-m", "mlops_jobs.tracking.job"]


def test_a_model_package_names_its_run_in_mlflow(
    definition: dict[str, Any], tracked: dict[str, Any]
) -> None:
    def metadata(of: dict[str, Any]) -> dict[str, Any]:
        (register,) = [
            each
            for each in of["Steps"][-1]["Arguments"]["IfSteps"]
            if each["Type"] == "RegisterModel"
        ]
        found: dict[str, Any] = register["Arguments"]["CustomerMetadataProperties"]
        return found

    assert "mlflow_run" not in metadata(definition)
    assert metadata(tracked)["mlflow_app"] == APP
    assert metadata(tracked)["mlflow_run"] == {"Get": "Execution.PipelineExecutionId"}
