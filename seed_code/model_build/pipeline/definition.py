"""The SageMaker Pipeline, defined with SageMaker Python SDK v3.

    Preprocess -> Tune -> Evaluate, Baseline -> CheckQuality -> Register | QualityBelowThreshold

With `features` in `config.yaml`, the steps Ingest and Features precede Preprocess.

All code is in the image, so defining the pipeline uploads nothing and calls no AWS API. Importing
this module takes seconds: import it after all other checks have passed.
"""

import json
from dataclasses import dataclass
from typing import Any

from pipeline.offline_session import offline_session  # isort: skip  before the SDK
from mlops_jobs.evaluation.gate import no_threshold
from sagemaker.core.workflow.conditions import (
    ConditionGreaterThan,
    ConditionGreaterThanOrEqualTo,
    ConditionLessThan,
    ConditionLessThanOrEqualTo,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TuningStep
from sagemaker.serve.model_builder import ModelBuilder

from pipeline import program
from pipeline.champion import (
    CHAMPION,
    CHAMPION_MODEL,
    DATA_VERSION,
    NO_CHAMPION,
    no_champion_uri,
)
from pipeline.configuration import Configuration
from pipeline.data import RawData
from pipeline.job_shapes import channel, output_uri, processing_input, processing_output
from pipeline.jobs import Jobs
from pipeline.project import Project
from pipeline.registration import Registration
from pipeline.tracking import Tracking


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The pipeline of one commit.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        data: raw table on S3.
        warm_start: tuning jobs from whose trials the search starts. Defaults to none.
    """

    configuration: Configuration
    project: Project
    data: RawData
    warm_start: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Returns the pipeline definition as JSON.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-overview.html
        """
        steps = _Steps(self)
        definition = json.loads(steps.pipeline().definition())
        for step in definition["Steps"]:
            if step["Name"] == "Tune":
                steps.jobs.complete(step["Arguments"]["TrainingJobDefinition"])
        return json.dumps(definition)


class _Steps:
    """Builds the steps, which share a session, parameters and folders."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._configuration = definition.configuration
        self._project = definition.project
        self._session = offline_session(
            region=self._project.region, bucket=self._project.artifact_bucket
        )
        self.jobs = Jobs(self._configuration, self._project, self._session)
        objective = self._configuration.objective
        self._data = ParameterString("InputData", default_value=definition.data.uri)
        self._metric = definition.data.metric(objective.metric)
        self._champion = ParameterString(CHAMPION, default_value=NO_CHAMPION)
        self._champion_model = ParameterString(
            CHAMPION_MODEL, default_value=no_champion_uri(self._project)
        )
        # An execution may set a threshold even if the configuration has none.
        self._threshold = ParameterFloat(
            "QualityThreshold",
            default_value=no_threshold(self._metric)
            if objective.threshold is None
            else objective.threshold,
        )

    def pipeline(self) -> Any:
        before, table = program.table_steps(
            self._configuration, self._project, self.jobs, self._data, self._run_folder
        )
        preprocess = self._preprocess(table)
        tune = self._tune(preprocess)
        model_uri = tune.get_top_model_s3_uri(
            top_k=0, s3_bucket=self._project.artifact_bucket, prefix="models"
        )
        report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
        evaluate = self._evaluate(preprocess, model_uri, report)
        baseline = self._baseline(preprocess, model_uri)
        evaluation = output_uri(evaluate, "evaluation")
        tracking = self._tracking(tune, evaluation)
        register = self._register(preprocess, evaluate, baseline, model_uri, tracking)
        check = self._check(report, register, evaluation, tracking)
        return Pipeline(
            name=self._project.pipeline_name,
            parameters=[
                self._data,
                *self.jobs.parameters,
                self._threshold,
                self._champion,
                self._champion_model,
            ],
            steps=[*before, preprocess, tune, evaluate, baseline, check],
            sagemaker_session=self._session,
            # Experiments would need more permissions; the model registry has the metrics.
            pipeline_experiment_config=None,
        )

    def _preprocess(self, table: Any) -> Any:
        processor = self.jobs.processor(
            {"DATA_VERSION": self._definition.data.version},
            instances=program.preprocess_instances(self._configuration),
        )
        run = processor.run(
            inputs=[processing_input("data", table)],
            outputs=[
                processing_output(name, self._run_folder("preprocess", name))
                for name in program.OUTPUTS
            ],
            arguments=_arguments(
                program.preprocess_arguments(self._configuration, self._definition.data)
            ),
        )
        # The same data and code give the same rows, so outputs of another run can be reused.
        cache = CacheConfig(enable_caching=True, expire_after="P30D")
        return ProcessingStep("Preprocess", step_args=run, cache_config=cache)

    def _tune(self, preprocess: Any) -> Any:
        channels = [channel(name, output_uri(preprocess, name)) for name in program.CHANNELS]
        checkpoints = Join(
            on="/",
            values=[
                f"s3://{self._project.artifact_bucket}/checkpoints",
                ExecutionVariables.PIPELINE_EXECUTION_ID,
            ],
        )
        parents = self._definition.warm_start
        tuner = self.jobs.tuner(self._metric, channels, checkpoints, parents)
        return TuningStep("Tune", step_args=tuner.tune())

    def _evaluate(self, preprocess: Any, model_uri: Any, report: Any) -> Any:
        command, *options = program.evaluate_arguments(
            self._configuration, self._metric, self._champion
        )
        run = self.jobs.processor().run(
            inputs=[
                processing_input("model", model_uri),
                processing_input("test", output_uri(preprocess, "test")),
                processing_input("champion", self._champion_model),
            ],
            outputs=[processing_output("evaluation", self._run_folder("evaluation"))],
            arguments=_arguments([command, *self._gate_arguments(), *options]),
        )
        return ProcessingStep("Evaluate", step_args=run, property_files=[report])

    def _gate_arguments(self) -> list[Any]:
        """Returns the conditions of `_check`, which the evaluation repeats."""
        beats = self._configuration.objective.threshold is None
        # One argument: a negative number alone would be read as an option.
        threshold = Join(on="=", values=["--threshold", self._threshold])
        return [threshold, *(["--beats-baseline"] if beats else [])]

    def _baseline(self, preprocess: Any, model_uri: Any) -> Any:
        run = self.jobs.processor().run(
            inputs=[
                processing_input("model", model_uri),
                *(
                    processing_input(name, output_uri(preprocess, name))
                    for name in ("rows", "test")
                ),
            ],
            outputs=[processing_output("baseline", self._run_folder("baseline"))],
            arguments=_arguments(program.baseline_arguments(self._configuration)),
        )
        return ProcessingStep("Baseline", step_args=run)

    def _tracking(self, tune: Any, evaluation: Any) -> Tracking:
        return Tracking(
            project=self._project,
            jobs=self.jobs,
            data=self._definition.data,
            metric=self._metric,
            data_uri=self._data,
            tuning_job_name=tune.properties.HyperParameterTuningJobName,
            evaluation=evaluation,
            output=self._run_folder("tracking"),
        )

    def _check(self, report: Any, register: Any, evaluation: Any, tracking: Tracking) -> Any:
        maximize, name = self._metric.maximize, self._metric.name
        condition = ConditionGreaterThanOrEqualTo if maximize else ConditionLessThanOrEqualTo
        measured = JsonGet(
            step_name="Evaluate", property_file=report, json_path=self._metric.report_path
        )
        side = "below" if maximize else "above"
        conditions = [condition(left=measured, right=self._threshold)]
        needed = "the threshold"
        if self._configuration.objective.threshold is None:
            better = ConditionGreaterThan if maximize else ConditionLessThan
            baseline = JsonGet(
                step_name="Evaluate", property_file=report, json_path=self._metric.baseline_path
            )
            conditions.append(better(left=measured, right=baseline))
            needed = f"that of {program.BASELINE}, or the threshold"
        loss = JsonGet(
            step_name="Evaluate", property_file=report, json_path="champion.certain_loss"
        )
        margin = self._configuration.objective.margin
        conditions.append(ConditionLessThanOrEqualTo(left=loss, right=margin))
        fail = FailStep(
            "QualityBelowThreshold",
            error_message=Join(
                on=" ",
                values=[
                    f"The {name} on the held-out rows is {side} {needed}",
                    self._threshold,
                    f"or it is worse than that of the deployed model beyond the margin {margin:g}, "
                    "so no model was registered. The numbers are in evaluation.json below",
                    evaluation,
                    "Improve the model, or change objective in config.yaml.",
                ],
            ),
        )
        return ConditionStep(
            "CheckQuality",
            conditions=conditions,
            if_steps=[
                register,
                *tracking.steps("Track", package_arn=register.properties.ModelPackageArn),
            ],
            else_steps=[*tracking.steps("TrackRejected"), fail],
        )

    def _register(
        self,
        preprocess: Any,
        evaluate: Any,
        baseline: Any,
        model_uri: Any,
        tracking: Tracking,
    ) -> Any:
        instances = list(self._configuration.instance_types.inference)
        holdout_uri = Join(on="/", values=[output_uri(preprocess, "test"), "holdout.csv"])
        registration = Registration(
            evaluation=output_uri(evaluate, "evaluation"),
            data_report=output_uri(preprocess, "report") if "report" in program.OUTPUTS else None,
            baseline=output_uri(baseline, "baseline"),
            bias=self._configuration.measures_bias,
        )
        model = ModelBuilder(
            image_uri=self._project.image_uri,
            s3_model_data_url=model_uri,
            role_arn=self._project.role_arn,
            sagemaker_session=self._session,
            env_vars=program.serving_environment(self._configuration, self._project),
        )
        package = model.register(
            model_package_group_name=self._project.model_package_group_name,
            content_types=list(program.CONTENT_TYPES),
            response_types=["text/csv", "application/json"],
            inference_instances=instances,
            transform_instances=instances,
            # The pipeline's role can register no other status: a reviewer approves.
            approval_status="PendingManualApproval",
            model_metrics=registration.metrics(),
            drift_check_baselines=registration.baselines(),
            model_card=registration.card(
                target=self._definition.data.target,
                problem_type=str(self._definition.data.problem_type),
                commit=self._project.commit,
                champion=self._champion,
                data=self._data,
            ),
            customer_metadata_properties={
                "problem_type": str(self._definition.data.problem_type),
                "target": self._definition.data.target,
                "holdout": holdout_uri,
                "commit": self._project.commit,
                "data": self._data,
                **self._data_version,
                "baseline": registration.baseline,
                "champion": self._champion,
                **registration.pages(),
                **tracking.metadata,
            },
        )
        return ModelStep("Register", step_args=package)

    @property
    def _data_version(self) -> dict[str, str]:
        version = program.training_version(self._configuration, self._definition.data)
        return {DATA_VERSION: version} if version else {}

    def _run_folder(self, *path: str) -> Any:
        runs = f"s3://{self._project.artifact_bucket}/runs"
        return Join(on="/", values=[runs, ExecutionVariables.PIPELINE_EXECUTION_ID, *path])


def _arguments(command: list[Any]) -> list[Any]:
    """Returns the arguments of Python for a command of the program."""
    return ["-m", program.MODULE, *command]
