"""Inference experiments: shadow tests that begin and end by themselves."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.hosting import (
    AsyncInference,
    DataCapture,
    DesiredState,
    Endpoint,
    ExperimentSchedule,
    ExperimentVariant,
    InferenceExperiment,
    Model,
    ModelBase,
    ModelSource,
    RealTimeVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]
EXPERIMENT = "AWS::SageMaker::InferenceExperiment"
POLICY = "AWS::IAM::ManagedPolicy"
START, END = "2026-12-01T08:00:00Z", "2026-12-15T08:00:00Z"


@pytest.fixture
def served(stack: cdk.Stack, repository: ecr.IRepository, bucket: s3.IBucket) -> Model:
    source = ModelSource.from_image(
        repository,
        tag_or_digest="1",
        model_data_bucket=bucket,
        model_data_key="models/churn/model.tar.gz",
    )
    return Model(stack, "Served", source=source)


@pytest.fixture
def candidate(stack: cdk.Stack, repository: ecr.IRepository) -> Model:
    return Model(stack, "Candidate", source=ModelSource.from_image(repository, tag_or_digest="2"))


def variant(model: ModelBase, **settings: Any) -> ExperimentVariant:
    return ExperimentVariant(**{"model": model, "instance_type": "ml.m7i.large", **settings})


def endpoint_of(stack: cdk.Stack, *models: ModelBase, **settings: Any) -> Endpoint:
    variants = [
        RealTimeVariant(model=model, instance_type="ml.m7i.large", name=f"Live{number}")
        for number, model in enumerate(models)
    ]
    return Endpoint(stack, "E", variants=variants, **{"endpoint_name": "churn", **settings})


def actions_on(resources: Resources, action: str) -> list[Any]:
    """The resources of all statements that allow an action."""
    found: list[Any] = []
    for policy in resources(POLICY):
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            if action in ([actions] if isinstance(actions, str) else actions):
                on = statement["Resource"]
                found += on if isinstance(on, list) else [on]
    return found


def test_an_experiment_mirrors_a_share_of_the_requests_for_a_time(
    stack: cdk.Stack,
    served: Model,
    candidate: Model,
    bucket: s3.IBucket,
    key: kms.IKey,
    resources: Resources,
) -> None:
    endpoint = endpoint_of(stack, served)

    InferenceExperiment(
        stack,
        "X",
        endpoint=endpoint,
        production=variant(served, instance_count=2),
        shadow=variant(candidate),
        sampling_percentage=50,
        schedule=ExperimentSchedule(start=START, duration=cdk.Duration.days(14)),
        data_capture=DataCapture.to_bucket(bucket, encryption_key=key),
        encryption_key=key,
        description="Is the candidate as fast?",
    )

    (found,) = resources(EXPERIMENT)
    assert found["Type"] == "ShadowMode"
    assert found["Name"].startswith("S-X-")
    assert found["EndpointName"] == stack.resolve(endpoint.endpoint_name)
    assert [
        (one["VariantName"], one["InfrastructureConfig"]["RealTimeInferenceConfig"])
        for one in found["ModelVariants"]
    ] == [
        ("Live0", {"InstanceType": "ml.m7i.large", "InstanceCount": 2}),
        ("Shadow", {"InstanceType": "ml.m7i.large", "InstanceCount": 1}),
    ]
    assert found["ShadowModeConfig"] == {
        "SourceModelVariantName": "Live0",
        "ShadowModelVariants": [{"ShadowModelVariantName": "Shadow", "SamplingPercentage": 50}],
    }
    assert found["Schedule"] == {"StartTime": START, "EndTime": END}
    assert found["DataStorageConfig"] == {
        "Destination": "s3://churn-artifacts/capture",
        "KmsKey": key.key_arn,
        "ContentType": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }
    assert found["KmsKey"] == key.key_arn
    assert found["Description"] == "Is the candidate as fast?"
    assert "DesiredState" not in found


def test_a_minimal_experiment_is_on_an_endpoint_that_sagemaker_creates_and_runs_a_week(
    stack: cdk.Stack, served: Model, candidate: Model, resources: Resources
) -> None:
    InferenceExperiment(
        stack,
        "X",
        endpoint_name="Trial",
        production=variant(served),
        shadow=variant(candidate),
    )

    (found,) = resources(EXPERIMENT)
    assert found["EndpointName"] == "Trial"
    assert [one["VariantName"] for one in found["ModelVariants"]] == ["AllTraffic", "Shadow"]
    assert "Schedule" not in found
    for action in ("CreateEndpoint", "DeleteEndpoint"):
        assert "endpoint/trial" in str(actions_on(resources, f"sagemaker:{action}"))


def test_an_experiment_may_neither_create_nor_delete_an_endpoint_that_is_there(
    stack: cdk.Stack, served: Model, candidate: Model, resources: Resources
) -> None:
    endpoint = endpoint_of(stack, served)

    InferenceExperiment(
        stack,
        "X",
        endpoint=endpoint,
        production=variant(served),
        shadow=variant(candidate),
    )

    assert actions_on(resources, "sagemaker:CreateEndpoint") == []
    assert actions_on(resources, "sagemaker:DeleteEndpoint") == []
    changed = actions_on(resources, "sagemaker:UpdateEndpointWeightsAndCapacities")
    assert changed == [stack.resolve(endpoint.endpoint_arn)]


def test_its_role_reads_the_data_and_pulls_the_images_of_both_models(
    stack: cdk.Stack, served: Model, candidate: Model, resources: Resources
) -> None:
    experiment = InferenceExperiment(
        stack, "X", endpoint_name="trial", production=variant(served), shadow=variant(candidate)
    )

    role = stack.resolve(experiment.role.role_arn)["Fn::GetAtt"][0]
    (made,) = [one for one in resources("AWS::IAM::Role") if "experiment" in one["Description"]]
    assert role.startswith("XRole")
    assert made["Path"] == "/ml-platform/"
    own = [one for one in resources(POLICY) if "experiment" in one["Description"]]
    allowed = str(own)
    assert "churn-artifacts/models/churn/*" in allowed
    assert allowed.count("ecr:BatchGetImage") == 1
    assert len(actions_on(resources, "sagemaker:DescribeModel")) == 2
    assert "iam:PassRole" not in allowed


def test_a_given_role_gets_what_it_lacks_and_comes_first(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    role = iam.Role(stack, "Mine", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))

    InferenceExperiment(
        stack,
        "X",
        endpoint_name="trial",
        production=variant(model),
        shadow=variant(Model.from_model_name(stack, "There", "Churn")),
        role=role,
    )

    template = cdk.assertions.Template.from_stack(stack).to_json()["Resources"]
    (policy,) = [name for name, one in template.items() if one["Type"] == "AWS::IAM::Policy"]
    (found,) = [one for one in template.values() if one["Type"] == EXPERIMENT]
    assert "model/churn" in str(template[policy])
    assert policy in found["DependsOn"]


def test_captured_data_is_written_by_the_roles_of_both_models(
    stack: cdk.Stack, served: Model, candidate: Model, bucket: s3.IBucket, resources: Resources
) -> None:
    InferenceExperiment(
        stack,
        "X",
        endpoint_name="trial",
        production=variant(served),
        shadow=variant(candidate),
        data_capture=DataCapture.to_bucket(bucket, prefix="trial"),
    )

    assert len([one for one in actions_on(resources, "s3:PutObject") if "trial" in str(one)]) == 2


def name_with(key_name: str | None = None, **settings: Any) -> str:
    """Returns the name of the same experiment in a separate stack."""
    stack = cdk.Stack(
        cdk.App(), "S", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )
    role = iam.Role.from_role_name(stack, "Role", "trial")
    if key_name is not None:
        arn = f"arn:aws:kms:eu-west-1:111111111111:key/{key_name}"
        settings["encryption_key"] = kms.Key.from_key_arn(stack, "Key", arn)
    InferenceExperiment(
        stack,
        "X",
        **{
            "endpoint_name": "trial",
            "production": variant(Model.from_model_name(stack, "A", "a")),
            "shadow": variant(Model.from_model_name(stack, "B", "b")),
            "role": role,
            "name_prefix": "trial",
            **settings,
        },
    )
    template = cdk.assertions.Template.from_stack(stack).to_json()["Resources"]
    (name,) = [one["Properties"]["Name"] for one in template.values() if one["Type"] == EXPERIMENT]
    return str(name)


def test_what_replaces_an_experiment_changes_its_name_and_nothing_else_does() -> None:
    name = name_with()

    assert name.startswith("trial-")
    assert name_with(endpoint_name="other") != name
    assert name_with("0a1b2c3d-1111-2222-3333-444455556666") != name
    assert name_with(sampling_percentage=10, description="slower") == name
    assert name_with(desired_state=DesiredState.CANCELLED, status_reason="too slow") == name


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ExperimentSchedule(start=START), {"StartTime": START, "EndTime": "2026-12-08T08:00:00Z"}),
        (ExperimentSchedule(end=END), {"EndTime": END}),
        (ExperimentSchedule(start=START, end=END), {"StartTime": START, "EndTime": END}),
        (
            ExperimentSchedule(start="2026-12-01T08:00:00+01:00", duration=cdk.Duration.hours(1)),
            {"StartTime": "2026-12-01T08:00:00+01:00", "EndTime": "2026-12-01T08:00:00Z"},
        ),
        (
            ExperimentSchedule(start=START, duration=cdk.Duration.days(30)),
            {"StartTime": START, "EndTime": "2026-12-31T08:00:00Z"},
        ),
    ],
)
def test_a_schedule_has_the_times_that_the_code_states(
    stack: cdk.Stack,
    served: Model,
    candidate: Model,
    resources: Resources,
    schedule: ExperimentSchedule,
    expected: dict[str, str],
) -> None:
    InferenceExperiment(
        stack,
        "X",
        endpoint_name="trial",
        production=variant(served),
        shadow=variant(candidate),
        schedule=schedule,
    )

    assert resources(EXPERIMENT)[0]["Schedule"] == expected


def rejected(stack: cdk.Stack, served: ModelBase, candidate: ModelBase, **settings: Any) -> str:
    """Returns the message of an invalid experiment."""
    given = {"production": variant(served), "shadow": variant(candidate), **settings}
    if "endpoint" not in given and "endpoint_name" not in given:
        given["endpoint_name"] = "trial"
    scope = Construct(stack, f"Rejected{len(stack.node.children)}")
    with pytest.raises(ValueError, match=r"InferenceExperiment S/.*/X cannot be defined") as error:
        InferenceExperiment(scope, "X", **given)
    return str(error.value)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"endpoint_name": None}, "endpoint: got none, and no endpoint_name"),
        ({"endpoint_name": ""}, "endpoint_name: got an empty string"),
        ({"endpoint_name": "a_b"}, "endpoint_name: got 'a_b'"),
        ({"name_prefix": "a" * 110}, "(110 characters); allowed are 1 to 109 letters"),
        ({"sampling_percentage": 0}, "sampling_percentage: got 0; allowed are 1 to 100"),
        ({"sampling_percentage": 101}, "sampling_percentage: got 101; allowed are 1 to 100"),
        ({"description": ""}, "description: got 0 characters; allowed are 1 to 1024"),
        ({"description": "a" * 1025}, "description: got 1025 characters"),
        (
            {"desired_state": DesiredState.COMPLETED, "status_reason": "a" * 1025},
            "status_reason: got 1025 characters",
        ),
        ({"status_reason": "slow"}, "status_reason: requires desired_state"),
        ({"schedule": ExperimentSchedule()}, "schedule: got neither start nor end"),
        (
            {"schedule": ExperimentSchedule(duration=cdk.Duration.days(1))},
            "schedule: got neither start nor end",
        ),
        (
            {"schedule": ExperimentSchedule(start="tomorrow")},
            "schedule start: got 'tomorrow'; allowed is a time in ISO 8601 with its time zone",
        ),
        ({"schedule": ExperimentSchedule(end="2026-12-01T08:00:00")}, "schedule end: got '2026"),
        (
            {"schedule": ExperimentSchedule(start=START, end=END, duration=cdk.Duration.days(1))},
            "schedule: got end and duration; give one of them",
        ),
        (
            {"schedule": ExperimentSchedule(start=START, duration=cdk.Duration.days(31))},
            "schedule duration: got 31 days; allowed are more than 0 and at most 30 days",
        ),
        (
            {"schedule": ExperimentSchedule(start=START, duration=cdk.Duration.days(0))},
            "schedule duration: got 0 days",
        ),
        ({"schedule": ExperimentSchedule(start=END, end=START)}, "schedule end: got -14 days"),
        (
            {"schedule": ExperimentSchedule(start=START, end="2027-01-01T08:00:00Z")},
            "schedule end: got 31 days",
        ),
        (
            {"schedule": ExperimentSchedule(start=cdk.Fn.import_value("start"))},
            "schedule start: got a value that the deployment resolves",
        ),
    ],
)
def test_an_experiment_that_aws_rejects(
    stack: cdk.Stack, served: Model, candidate: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejected(stack, served, candidate, **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"instance_type": "m7i.large"}, "shadow instance_type: got 'm7i.large'"),
        (
            {"instance_type": "ml.inf1.xlarge"},
            "variant Shadow on ml.inf1.xlarge; shadow tests do not support",
        ),
        ({"instance_count": 0}, "shadow instance_count: got 0; allowed is 1 or more"),
        ({"name": "a_b"}, "shadow name: got 'a_b'"),
        ({"name": "AllTraffic"}, "shadow name: got 'AllTraffic', the name of the production"),
    ],
)
def test_a_variant_that_aws_rejects(
    stack: cdk.Stack, served: Model, candidate: Model, settings: dict[str, Any], expected: str
) -> None:
    assert expected in rejected(stack, served, candidate, shadow=variant(candidate, **settings))


def test_a_multi_model_container_is_rejected(
    stack: cdk.Stack, served: Model, repository: ecr.IRepository, bucket: s3.IBucket
) -> None:
    source = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )

    assert "a multi-model container" in rejected(stack, served, Model(stack, "Many", source=source))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"sampling_percentage": 20}, "data_capture sampling_percentage: got 20; an experiment"),
        ({"requests": False}, "data_capture: got requests or responses disabled"),
        ({"prefix": "/capture"}, "data capture prefix: got '/capture'"),
    ],
)
def test_a_capture_that_an_experiment_does_not_have_is_rejected(
    stack: cdk.Stack,
    served: Model,
    candidate: Model,
    bucket: s3.IBucket,
    settings: dict[str, Any],
    expected: str,
) -> None:
    capture = DataCapture.to_bucket(bucket, **settings)

    assert expected in rejected(stack, served, candidate, data_capture=capture)


def test_an_endpoint_that_cannot_have_a_shadow_is_rejected(
    stack: cdk.Stack, served: Model, candidate: Model, shared: Endpoint, bucket: s3.IBucket
) -> None:
    assert "with ManagedInstanceScaling" in rejected(stack, served, candidate, endpoint=shared)

    queued = Endpoint(
        stack,
        "Queued",
        variants=[RealTimeVariant(model=served, instance_type="ml.m7i.large")],
        asynchronous=AsyncInference.to_bucket(bucket),
    )
    assert "which is asynchronous" in rejected(stack, served, candidate, endpoint=queued)

    two = endpoint_of(stack, served, candidate)
    assert "with 2 production variants" in rejected(stack, served, candidate, endpoint=two)
    both = rejected(stack, served, candidate, endpoint=two, endpoint_name="churn")
    assert "endpoint, endpoint_name: the latter names a new endpoint" in both


def test_a_role_has_to_be_given_for_models_whose_content_is_unknown(
    stack: cdk.Stack, model: Model, candidate: Model
) -> None:
    message = rejected(stack, model, candidate)

    assert "role: got none, and the content of model S/Model is unknown at synthesis" in message
    assert "S/Candidate" not in message


def test_a_region_without_experiments_is_rejected() -> None:
    place = cdk.Environment(account="111111111111", region="ca-west-1")
    stack = cdk.Stack(cdk.App(), "S", env=place)
    models = [Model.from_model_name(stack, name, name.lower()) for name in ("A", "B")]

    assert f"ca-west-1, where CloudFormation has no {EXPERIMENT}" in rejected(stack, *models)
