"""The smoke test, with a correct endpoint and with faulty ones."""

from typing import Any

import pytest

import smoke_test
from model_deploy.smoke_test_error import SmokeTestError
from tests.fake_endpoint import HOLDOUT, PACKAGE, Aws


@pytest.fixture
def aws() -> Aws:
    return Aws()


def failure_of(aws: Aws) -> str:
    with pytest.raises(SmokeTestError) as failure:
        smoke_test.run("churn-staging", aws)
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_a_good_endpoint_is_reported_with_its_accuracy(aws: Aws) -> None:
    result = smoke_test.run("churn-staging", aws)

    assert result == "churn-staging serves arn:package/churn/7: 120 rows, accuracy 1.0000"


def test_rows_go_in_small_batches(aws: Aws) -> None:
    smoke_test.run("churn-staging", aws)

    assert aws.batches == [50, 50, 20]


def test_only_the_first_rows_of_a_large_holdout_are_sent(aws: Aws) -> None:
    aws.holdout = "income,city,churned\n" + "7,Bonn,no\n" * 2000

    assert "500 rows, accuracy 1.0000" in smoke_test.run("churn-staging", aws)


def test_a_regression_is_reported_with_r2(aws: Aws) -> None:
    aws.package = {
        "CustomerMetadataProperties": {
            **PACKAGE["CustomerMetadataProperties"],
            "problem_type": "regression",
            "target": "price",
        }
    }
    aws.holdout = "income,city,price\n" + "".join(f"{n},Bonn,{2 * n + 1}\n" for n in range(9))
    aws.predict = lambda income: {"value": 2 * income + 1}
    aws.csv_line = lambda prediction: str(prediction["value"])

    assert "9 rows, R2 1.0000" in smoke_test.run("churn-staging", aws)


def test_labels_that_are_numbers_are_the_same_label_in_every_spelling(aws: Aws) -> None:
    aws.holdout = "income,city,churned\n60,Bonn,1.0\n40,Bonn,0\n"
    aws.predict = lambda income: {
        "label": int(income > 50),
        "probabilities": {"0": 0.5, "1": 0.5},
    }
    aws.csv_line = lambda prediction: f"{prediction['label']},0.5"

    assert "2 rows, accuracy 1.0000" in smoke_test.run("churn-staging", aws)


def test_a_model_described_with_several_containers_is_found(aws: Aws) -> None:
    aws.model = {"Containers": [{"ModelPackageName": "arn:package/churn/8"}]}

    assert "serves arn:package/churn/8" in smoke_test.run("churn-staging", aws)


def test_an_endpoint_that_does_not_serve_fails_with_its_reason(aws: Aws) -> None:
    aws.endpoint = {"EndpointStatus": "Failed", "FailureReason": "no capacity"}

    assert failure_of(aws) == "the endpoint is Failed, not InService: no capacity"


def test_a_model_that_is_no_package_fails(aws: Aws) -> None:
    aws.model = {"PrimaryContainer": {"Image": "image"}}

    assert failure_of(aws) == "its model m-1 was not created from a model package"


def test_a_package_without_held_out_rows_fails(aws: Aws) -> None:
    aws.package = {"CustomerMetadataProperties": {"problem_type": "binary", "target": "churned"}}

    assert "has no holdout in its CustomerMetadataProperties" in failure_of(aws)


def test_a_package_of_an_unknown_problem_type_fails(aws: Aws) -> None:
    properties = {**PACKAGE["CustomerMetadataProperties"], "problem_type": "ranking"}
    aws.package = {"CustomerMetadataProperties": properties}

    assert "allowed: binary, multiclass, regression" in failure_of(aws)


@pytest.mark.parametrize(
    ("holdout", "expected"),
    [
        ("income,city\n1,Bonn\n", "have no column 'churned'; got income, city"),
        ("income,city,churned\n", "have a heading without rows"),
        ("", "have no column 'churned'"),
    ],
)
def test_a_holdout_that_cannot_be_used_fails(aws: Aws, holdout: str, expected: str) -> None:
    aws.holdout = holdout

    assert expected in failure_of(aws)


def test_a_holdout_outside_of_s3_fails(aws: Aws) -> None:
    properties = {**PACKAGE["CustomerMetadataProperties"], "holdout": "/data/holdout.csv"}
    aws.package = {"CustomerMetadataProperties": properties}

    assert "'/data/holdout.csv', which is not an S3 URI" in failure_of(aws)


def test_too_few_predictions_fail(aws: Aws) -> None:
    aws.csv_line = lambda prediction: "yes,0.9" if prediction["label"] == "yes" else ""

    assert failure_of(aws) == "50 rows of text/csv got 0 predictions"


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (
            {"label": "yes", "probabilities": {"yes": float("nan"), "no": 0.5}},
            "allowed: finite numbers",
        ),
        ({"label": "maybe", "probabilities": {"yes": 0.5, "no": 0.5}}, "'maybe'; allowed: yes, no"),
        ({"label": "yes", "probabilities": {"yes": 0.9, "no": 0.5}}, "allowed: a sum of 1"),
        ({"value": 7}, "allowed: an object with a label and probabilities"),
    ],
)
def test_predictions_of_a_wrong_form_fail(
    aws: Aws, prediction: dict[str, Any], expected: str
) -> None:
    aws.predict = lambda _: prediction
    aws.csv_line = lambda _: "yes,0.9"

    assert expected in failure_of(aws)


def test_a_regression_that_returns_labels_fails(aws: Aws) -> None:
    properties = {**PACKAGE["CustomerMetadataProperties"], "problem_type": "regression"}
    aws.package = {"CustomerMetadataProperties": properties}
    aws.csv_line = lambda _: "1.5"

    assert "allowed: an object with a value" in failure_of(aws)


def test_formats_that_disagree_fail_with_the_row(aws: Aws) -> None:
    aws.csv_line = lambda _: "yes,0.9"

    assert failure_of(aws) == "row 1 got yes for text/csv and no for application/json"


def test_predictions_that_are_always_wrong_fail(aws: Aws) -> None:
    aws.holdout = HOLDOUT.replace("yes", "y").replace("no", "n")

    assert "none of 120 held-out rows got its known label" in failure_of(aws)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "accepted a row with the unknown column no_such_column"),
        ((500, "no_such_column"), "got the status 500; allowed: 400 to 499"),
        ((400, "bad row"), "rejected with 'bad row', which does not name the column"),
    ],
)
def test_a_malformed_row_has_to_be_rejected_by_its_column(
    aws: Aws, error: tuple[int, str] | None, expected: str
) -> None:
    aws.error = error

    assert expected in failure_of(aws)


def test_the_endpoint_of_another_account_is_invoked_with_the_role_there(aws: Aws) -> None:
    there, package = Aws(), {"Credentials": {}}
    there.package = package  # only the registry of the build's account has it

    result = smoke_test.run("churn-prod", aws, there)

    assert result == "churn-prod serves arn:package/churn/7: 120 rows, accuracy 1.0000"
    assert (aws.batches, there.batches) == ([], [50, 50, 20])


def test_the_role_of_the_stage_is_assumed() -> None:
    class Sts:
        region_name = "eu-west-1"

        def client(self, service: str) -> "Sts":
            assert service == "sts"
            return self

        def assume_role(self, **request: str) -> dict[str, dict[str, str]]:
            assert request["RoleArn"] == "arn:aws:iam::222222222222:role/churn-prod-smoke-test"
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            return {"Credentials": {name: f"given {name}" for name in names}}

    session = smoke_test.session_of_stage(
        Sts(), "arn:aws:iam::222222222222:role/churn-prod-smoke-test"
    )

    assert session.get_credentials().access_key == "given AccessKeyId"
    assert session.region_name == "eu-west-1"
    assert smoke_test.session_of_stage(session, None) is session


def test_a_stage_in_another_region_is_tested_there() -> None:
    class Sts:
        region_name = "eu-west-1"

        def client(self, _: str) -> "Sts":
            return self

        def assume_role(self, **_: str) -> dict[str, dict[str, str]]:
            return {
                "Credentials": dict.fromkeys(
                    ("AccessKeyId", "SecretAccessKey", "SessionToken"), "x"
                )
            }

    session = smoke_test.session_of_stage(Sts(), "arn:aws:iam::222222222222:role/test", "us-east-1")

    assert session.region_name == "us-east-1"


def test_a_model_from_copies_is_that_of_the_package_in_its_tag(aws: Aws) -> None:
    aws.model = {"PrimaryContainer": {"Image": "copy"}}
    aws.tags = [
        {"Key": "owner", "Value": "team"},
        {"Key": "model-package-arn", "Value": "arn:package/churn/9"},
    ]

    assert "serves arn:package/churn/9" in smoke_test.run("churn-staging", aws)


def test_the_build_ends_with_one_sentence(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.endpoint = {"EndpointStatus": "Updating"}
    monkeypatch.setattr("boto3.Session", lambda: aws)
    monkeypatch.setenv("STAGE", "staging")
    monkeypatch.setenv("ENDPOINT_NAME", "churn-staging")

    assert smoke_test.main() == 1
    assert capsys.readouterr().err == (
        "Smoke test of churn-staging (staging) failed: the endpoint is Updating, not InService\n"
    )


def test_a_build_without_its_environment_is_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ENDPOINT_NAME", raising=False)

    assert smoke_test.main() == 1
    assert "ENDPOINT_NAME" in capsys.readouterr().out
