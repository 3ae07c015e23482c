"""The steps before Preprocess: new records, and the table with the features of each row's time."""

from collections.abc import Callable
from typing import Any

from sagemaker.mlops.workflow.steps import ProcessingStep

from pipeline.configuration import Data, Features
from pipeline.features.feature_group import folder_uri, group_name
from pipeline.job_shapes import output_uri, processing_input, processing_output
from pipeline.jobs import Jobs
from pipeline.placement import Instances
from pipeline.project import Project


def feature_steps(
    features: Features,
    table: Data,
    project: Project,
    jobs: Jobs,
    *,
    module: str,
    engine: str,
    instances: Instances,
    data_uri: Any,
    folder: Callable[[str], Any],
) -> tuple[list[Any], Any]:
    """Returns the steps, and the S3 URI of the table that they write.

    Both jobs call AWS, so they have network access; they do not run the team's code.

    Args:
        features: the features, of `config.yaml`.
        table: the raw table, of `config.yaml`.
        project: resources of the project.
        jobs: creates the jobs.
        module: Python module of the image that starts its programs.
        engine: engine of the step Ingest.
        instances: its instances.
        data_uri: pipeline variable with the URI of the table.
        folder: returns a pipeline variable with the URI of the folder of a name for outputs.
    """
    group = features.group
    name = group_name(project, group)
    ingest = jobs.processor(isolated=False, instances=instances).run(
        inputs=[],
        # The role denies a job without an output that is encrypted with the project's key.
        outputs=[processing_output("ingestion", folder("ingestion"))],
        arguments=[
            "-m",
            module,
            "ingest",
            *("--feature-group", name),
            *("--source", features.source.rstrip("/")),
            *("--ledger", folder_uri(project, group, "ledger")),
            *("--rejected", folder_uri(project, group, "rejected")),
            *("--max-rejected", f"{features.max_rejected:g}"),
            *("--store", "direct"),
            *([f"--engine={engine}"] if engine != "python" else []),
        ],
    )
    ingestion = ProcessingStep("Ingest", step_args=ingest)
    add = jobs.processor(isolated=False).run(
        inputs=[processing_input("data", data_uri)],
        outputs=[processing_output("table", folder("table"))],
        arguments=["-m", module, "features", *_arguments(features, table, name)],
    )
    joining = ProcessingStep("Features", step_args=add, depends_on=[ingestion])
    return [ingestion, joining], output_uri(joining, "table")


def _arguments(features: Features, table: Data, name: str) -> list[str]:
    return [
        *("--feature-group", name),
        f"--identifier={features.entity}",
        f"--time={features.time}",
        f"--late={features.late}",
        f"--delimiter={table.delimiter}",
        f"--encoding={table.encoding}",
        *([f"--as-of={features.as_of}"] if features.as_of else []),
        *(f"--feature={column}" for column in features.columns),
    ]
