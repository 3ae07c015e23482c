"""The CDK app: reads the settings of an environment and instantiates its stacks.

`cdk deploy -c config=config/NAME.yaml` selects the environment.
"""

import sys
from pathlib import Path
from typing import NoReturn

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.validation import SageMakerChecks
from stacks.platform_pipeline_stack import PlatformPipelineStack
from stacks.project_stack import ProjectStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import seed_code
from stacks.settings import DEFAULT_SETTINGS, Settings, SettingsError, load_settings
from stacks.stages import load_stages
from stacks.wheels import ROOT


def add_stacks(scope: Construct, settings: Settings) -> None:
    """Adds the stacks of an environment."""
    env, defaults = environment(settings), settings.defaults
    seeds = seed_code()
    if settings.project_templates is not None:
        ProjectTemplatesStack(
            scope,
            "ProjectTemplates",
            settings=settings.project_templates,
            seeds=seeds,
            defaults=defaults,
            env=env,
        )
    for project in settings.projects:
        ProjectStack(
            scope,
            f"Project-{project.name}",
            settings=project,
            seeds=seeds,
            defaults=defaults,
            env=env,
        )


def add_pipeline(app: cdk.App, settings: Settings, config: str) -> None:
    """Adds the pipeline of the settings file `config`, if it has one."""
    pipeline = settings.platform_pipeline
    if pipeline is None:
        return
    stages = []
    for one, of_stage in zip(pipeline.stages, load_stages(settings, config, ROOT), strict=True):
        stages.append(cdk.Stage(app, one.name, env=environment(of_stage)))
        add_stacks(stages[-1], of_stage)
    PlatformPipelineStack(
        app,
        "PlatformPipeline",
        settings=pipeline,
        config=config,
        stages=stages,
        defaults=settings.defaults,
        env=environment(settings),
    )


def environment(settings: Settings) -> cdk.Environment:
    """Returns the account and region of the stacks."""
    return cdk.Environment(account=settings.environment.account, region=settings.environment.region)


def fail(message: str) -> NoReturn:
    """Exits with a message that the CLI shows."""
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(2)


def main() -> None:
    """Synthesises the app."""
    app = cdk.App(analytics_reporting=False)
    config = app.node.try_get_context("config") or DEFAULT_SETTINGS
    try:
        settings = load_settings(Path(config))
        add_pipeline(app, settings, config)
        add_stacks(app, settings)
    except SettingsError as error:
        fail(str(error))
    except ValueError as error:  # the library rejects a value of the file
        fail(f"{config}: {error}")
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    app.synth()


if __name__ == "__main__":
    main()
