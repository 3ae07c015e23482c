"""The step that logs an execution to the MLflow App of the project, if it has one.

The jobs that train have no network access. This one has, so it runs `mlops_jobs.tracking` and none
of the code of `src/`, and reads what the others left.
"""

from typing import Any

from mlops_jobs.evaluation.quality import Metric
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.mlops.workflow.steps import ProcessingStep

from pipeline.data import RawData
from pipeline.job_shapes import processing_input, processing_output
from pipeline.jobs import Jobs
from pipeline.project import Project

PROGRAM = ["-m", "mlops_jobs.tracking.job"]


class Tracking:
    """Creates the steps that log.

    Args:
        project: resources of the project.
        jobs: jobs of the pipeline.
        data: raw table.
        metric: metric that decides.
        data_uri: pipeline variable with the URI of the table.
        tuning_job_name: pipeline variable with the name of the tuning job.
        evaluation: pipeline variable with the URI of the evaluation.
        output: pipeline variable with the URI of the folder for the outcome.
    """

    def __init__(
        self,
        *,
        project: Project,
        jobs: Jobs,
        data: RawData,
        metric: Metric,
        data_uri: Any,
        tuning_job_name: Any,
        evaluation: Any,
        output: Any,
    ) -> None:
        self._project, self._jobs = project, jobs
        self._evaluation, self._output = evaluation, output
        self._arguments = [
            *PROGRAM,
            *("--app", project.mlflow_app_arn),
            *("--experiment", project.project_name),
            *("--execution", ExecutionVariables.PIPELINE_EXECUTION_ARN),
            *("--commit", project.commit),
            *("--data", data_uri),
            *("--tuning-job", tuning_job_name),
            f"--parameter=target={data.target}",
            f"--parameter=problem_type={data.problem_type}",
            f"--parameter=data_version={data.version}",
            f"--parameter=metric={metric.name}",
        ]

    def steps(self, name: str, package_arn: Any = None) -> list[Any]:
        """Returns the step; no step without an App.

        Args:
            name: name of the step.
            package_arn: pipeline variable with the ARN of the model package. Defaults to None: no
                model was registered.
        """
        if not self._project.mlflow_app_arn:
            return []
        registered = [] if package_arn is None else ["--package", package_arn]
        run = self._jobs.processor(isolated=False).run(
            inputs=[processing_input("evaluation", self._evaluation)],
            # The role denies a job without an output that is encrypted with the project's key.
            outputs=[processing_output("tracking", self._output)],
            arguments=[*self._arguments, *registered],
        )
        return [ProcessingStep(name, step_args=run)]

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata of the model package: the App, and the name of the run in it."""
        if not self._project.mlflow_app_arn:
            return {}
        return {
            "mlflow_app": self._project.mlflow_app_arn,
            "mlflow_run": ExecutionVariables.PIPELINE_EXECUTION_ID,
        }
