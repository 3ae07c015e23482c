"""Synthesizes every stage to cdk.out: STAGE.template.json, such as prod.template.json.

model.json, beside them, has the model that they deploy; while no model is approved, it is `null`
and there is no template.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import aws_cdk as cdk
from mlops_constructs.validation import SageMakerChecks

from model_deploy.approved_model import MODEL_FILE, read_approved_models
from model_deploy.endpoint_stack import EndpointStack
from model_deploy.project import Project
from model_deploy.settings import load_settings
from model_deploy.stages import stages_from_environment

HERE = Path(__file__).parent


def main() -> None:
    """Reads settings, project and model, and instantiates the stacks.

    Raises:
        ValueError: settings are not valid, or no model was looked up.
        RuntimeError: validation of the stacks found problems.
    """
    # The CDK CLI sets the output folder; the pipeline runs this file without the CLI.
    output = Path(os.environ.get("CDK_OUTDIR", "cdk.out"))
    models = read_approved_models()
    output.mkdir(parents=True, exist_ok=True)
    shutil.copy(MODEL_FILE, output)
    if models is None:
        print("No model is approved yet, so there is nothing to synthesize.")
        return
    app = cdk.App(
        outdir=str(output),
        context=json.loads((HERE / "cdk.json").read_text(encoding="utf-8"))["context"],
        tree_metadata=False,
        analytics_reporting=False,
    )
    stages = stages_from_environment(os.environ)
    stacks = {
        stage: EndpointStack(
            app,
            stage,
            project=Project.from_environment(os.environ, stage),
            stage=load_settings(Path("config") / f"{stage}.yaml"),
            models=models,
        )
        for stage in stages
    }
    for name, stack in stacks.items():
        for message in stack.unmonitored:
            print(f"config/{name}.yaml: monitor: no monitor of {message}")
    cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[stacks[stages[-1]]]))
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        # The message has the remedy, so a traceback would only hide it.
        sys.exit(str(error))
    except RuntimeError as error:
        # The CDK has already printed every finding with its remedy.
        sys.exit(f"The stacks cannot be deployed: {error}")
