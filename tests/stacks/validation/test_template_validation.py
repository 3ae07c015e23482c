"""Validation of templates that differ in names."""

import json
import os
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.projects import Project, Seed
from stacks.validation import known_findings
from stacks.validation.known_findings import KnownFindings
from stacks.validation.template_validation import ProjectTemplate, TemplateValidation

Define = Callable[[cdk.Stack, str], None]


@pytest.fixture(scope="module")
def of_the_cdk() -> cdk.CloudFormationValidatePlugin:
    """The CDK's plugin; its engine takes seconds to start."""
    return cdk.CloudFormationValidatePlugin()


@pytest.fixture
def ours(tmp_path: Path) -> TemplateValidation:
    """The plugin of the app, which has validated nothing before."""
    return validation_in(tmp_path)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the templates that the engine has validated."""
    paths: list[str] = []
    validate = cdk.CloudFormationValidatePlugin.validate

    def counting(plugin: Any, context: cdk.IPolicyValidationContext) -> Any:
        paths.extend(context.template_paths)
        return validate(plugin, context)

    monkeypatch.setattr(cdk.CloudFormationValidatePlugin, "validate", counting)
    return paths


def validation_in(folder: Path) -> TemplateValidation:
    """Returns the plugin of an app, which keeps findings in a folder."""
    return TemplateValidation(KnownFindings(folder / "known"))


def bucket(stack: cdk.Stack, name: str) -> None:
    """Defines a valid bucket of a project."""
    resource(stack, name, "AWS::S3::Bucket", {"BucketName": f"{name}-data"})


def unknown_property(stack: cdk.Stack, name: str) -> None:
    """Defines a bucket with a property that its schema does not have."""
    resource(stack, name, "AWS::S3::Bucket", {"BucketNam": f"{name}-data"})


def limited_name(stack: cdk.Stack, name: str) -> None:
    """Defines a repository whose name is longer than 100 characters for long projects."""
    properties = {"RepositoryName": f"{name}-{'x' * 80}"}
    resource(stack, name, "AWS::CodeCommit::Repository", properties)


def resource(stack: cdk.Stack, name: str, kind: str, properties: Mapping[str, Any]) -> None:
    tags = [
        {"Key": "sagemaker:project-id", "Value": f"p-{name}"},
        {"Key": "sagemaker:project-name", "Value": name},
    ]
    cdk.CfnResource(stack, "Resource", type=kind, properties={**properties, "Tags": tags})


def report(
    folder: Path,
    define: Define,
    names: Sequence[str],
    plugin: cdk.IPolicyValidationPlugin,
    env: cdk.Environment | None = None,
) -> list[tuple[Any, ...]]:
    """Returns the violations in the report of an app, each with its place."""
    app = cdk.App(
        outdir=str(folder),
        builtin_cloud_formation_validation=False,
        context={"@aws-cdk/core:failSynthOnValidationErrors": False},
    )
    for name in names:
        define(cdk.Stack(app, f"Project-{name}", env=env), name)
    cdk.Validations.of(app).add_plugins(plugin)
    app.synth()
    reports = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    return sorted(
        (violation["ruleName"], violation["severity"], json.dumps(place, sort_keys=True))
        for one in reports  # without violations, a plugin has no report
        if one["pluginName"] == "CloudFormation Validate"
        for violation in one["violations"]
        for place in violation["violatingConstructs"]
    )


@pytest.mark.parametrize(
    ("define", "violated"), [(bucket, 0), (unknown_property, 4), (limited_name, 2)]
)
def test_the_report_is_that_of_the_cdk(
    tmp_path: Path,
    of_the_cdk: cdk.CloudFormationValidatePlugin,
    ours: TemplateValidation,
    define: Define,
    violated: int,
) -> None:
    names = ["churn", "fraudulent", "a-name-that-is-longer", "b-name-that-is-much-longer"]
    found = report(tmp_path / "ours", define, names, ours)
    assert found == report(tmp_path / "cdk", define, names, of_the_cdk)
    assert len(found) == violated


def test_a_violation_between_the_shortest_and_the_longest_name_is_reported(
    tmp_path: Path, of_the_cdk: cdk.CloudFormationValidatePlugin, ours: TemplateValidation
) -> None:
    names = [letter * length for letter, length in zip("abcd", (5, 18, 25, 32), strict=True)]
    expected = report(tmp_path / "cdk", limited_name, names, of_the_cdk)
    assert report(tmp_path / "ours", limited_name, names, ours) == expected
    assert len(expected) == 2


@pytest.mark.parametrize(
    ("names", "validated"),
    [
        (["churn", "fraud", "prices", "returns", "weather"], 2),
        (["churn", "churn2", "fraud", "fraud2", "prices"], 4),
        (["churn"], 1),
    ],
)
def test_at_most_two_projects_of_one_shape_are_validated(
    tmp_path: Path,
    read: list[str],
    ours: TemplateValidation,
    names: Sequence[str],
    validated: int,
) -> None:
    assert report(tmp_path, bucket, names, ours) == []
    assert len(read) == validated


@pytest.mark.parametrize("define", [bucket, unknown_property])
def test_a_template_is_validated_again_only_if_it_changes(
    tmp_path: Path, read: list[str], ours: TemplateValidation, define: Define
) -> None:
    first = report(tmp_path / "first", define, ["churn"], ours)
    assert report(tmp_path / "second", define, ["churn"], ours) == first
    assert len(read) == 1
    report(tmp_path / "third", define, ["fraud"], ours)
    assert len(read) == 2


@pytest.mark.parametrize("place", [{"account": "222222222222"}, {"region": "eu-west-1"}])
def test_findings_are_known_for_one_account_and_region(
    tmp_path: Path, read: list[str], ours: TemplateValidation, place: Mapping[str, str]
) -> None:
    for env in ({"account": "111111111111", "region": "us-east-1"}, place):
        report(tmp_path, bucket, ["churn"], ours, cdk.Environment(**env))
    assert len(read) == 2


def test_findings_of_another_release_of_the_cdk_are_not_known(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for release in ("2.275.0", "2.276.0"):
        monkeypatch.setattr(known_findings, "version", lambda name, release=release: release)
        report(tmp_path / "app", bucket, ["churn"], validation_in(tmp_path))
    assert len(read) == 2


@pytest.mark.parametrize("content", ["", "[{}]", '{"rule": "E1"}'])
def test_a_file_that_is_no_list_of_findings_is_written_anew(
    tmp_path: Path, read: list[str], content: str
) -> None:
    first = report(tmp_path / "app", unknown_property, ["churn"], validation_in(tmp_path))
    (kept,) = (tmp_path / "known").iterdir()
    before = kept.read_text()
    kept.write_text(content)
    assert report(tmp_path / "app", unknown_property, ["churn"], validation_in(tmp_path)) == first
    assert kept.read_text() == before
    assert len(read) == 2


def test_the_oldest_findings_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: TemplateValidation
) -> None:
    monkeypatch.setattr(known_findings, "MAX_TEMPLATES", 2)
    known = tmp_path / "known"
    for name, written in (("churn", 1), ("fraud", 2), ("prices", 3)):
        before = set(known.glob("*"))
        report(tmp_path / "app", bucket, [name], ours)
        for file in set(known.iterdir()) - before:
            os.utime(file, (written, written))
    kept = list(known.iterdir())
    assert sorted(file.stat().st_mtime for file in kept) == [2, 3]


def test_known_findings_fail_the_synthesis_as_new_ones_do(
    tmp_path: Path, read: list[str], ours: TemplateValidation
) -> None:
    for folder in ("first", "second"):
        app = cdk.App(
            outdir=str(tmp_path / folder),
            builtin_cloud_formation_validation=False,
            context={"@aws-cdk/core:validateAgainstDefaultRules": True},
        )
        unknown_property(cdk.Stack(app, "Project-churn"), "churn")
        cdk.Validations.of(app).add_plugins(ours)
        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()
    assert len(read) == 1


def test_the_cdk_adds_rules_for_gamelift_only() -> None:
    """With other rules, `TemplateValidation` has to include them."""
    (package,) = (Path(cdk.__file__).parent / "_jsii").glob("*.tgz")
    with tarfile.open(package) as archive:
        rules = [name for name in archive.getnames() if name.endswith(".rego")]
    assert rules == ["package/core/lib/validation/rules/gamelift-fleet.rego"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("1churn", "fraud2"), ("churn", "fraud-2"), ("fr-aud", "fr--ud"), ("churn", "Fraud")],
)
def test_names_that_a_pattern_can_distinguish_are_different_shapes(
    tmp_path: Path, one: str, other: str
) -> None:
    assert shape(tmp_path, one) != shape(tmp_path, other)


def test_names_of_the_same_kind_are_one_shape(tmp_path: Path) -> None:
    assert shape(tmp_path, "churn") == shape(tmp_path, "prices")


def test_ids_of_statements_are_no_difference_unless_two_are_the_same(tmp_path: Path) -> None:
    def queue(*sids: str) -> Define:
        def define(stack: cdk.Stack, name: str) -> None:
            statements = [{"Sid": sid, "Effect": "Allow"} for sid in sids]
            policy = {"Queues": [name], "PolicyDocument": {"Statement": statements}}
            resource(stack, name, "AWS::SQS::QueuePolicy", policy)

        return define

    different, others, same = (
        shape(tmp_path, "churn", queue(*sids))
        for sids in (("A1B", "C2D"), ("E3F", "Gh4"), ("A", "A"))
    )
    assert different == others
    assert different != same


def test_projects_that_differ_in_name_and_id_are_one_shape(tmp_path: Path) -> None:
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed/README.md").write_text("begin here\n")
    seed = Seed(folder=tmp_path / "seed")

    def project(stack: cdk.Stack, name: str) -> None:
        Project(
            stack,
            "Project",
            project_name=name,
            project_id=f"p-{name}1",
            model_build_seed=seed,
            model_deploy_seed=seed,
        )

    assert shape(tmp_path, "fraud", project) == shape(tmp_path, "prices", project)


def test_templates_that_differ_beyond_their_names_are_different_shapes(tmp_path: Path) -> None:
    first, second = (shape(tmp_path, "churn", one) for one in (bucket, unknown_property))
    assert first != second


def shape(folder: Path, name: str, define: Define = bucket) -> tuple[object, ...]:
    """Returns the shape of the template of a project."""
    stack = cdk.Stack(cdk.App(), f"Project-{name}")
    define(stack, name)
    path = folder / f"{name}-{define.__name__}.json"
    path.write_text(json.dumps(Template.from_stack(stack).to_json()))
    described = cdk.PolicyValidationStack(
        stack_construct_path=stack.node.path, template_path=str(path)
    )
    return ProjectTemplate.of(described).shape
