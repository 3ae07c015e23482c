"""The CDK app: reads the settings of an environment and instantiates its stacks.

`cdk deploy -c config=config/NAME.yaml` chooses the environment.
"""

import sys
from pathlib import Path

import aws_cdk as cdk

from mlops_constructs.validation import SageMakerChecks
from stacks.project_stack import ProjectStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import seed_code
from stacks.settings import DEFAULT_SETTINGS, Settings, SettingsError, load_settings


def add_stacks(app: cdk.App, settings: Settings) -> None:
    env = cdk.Environment(account=settings.environment.account, region=settings.environment.region)
    seeds = seed_code()
    if settings.project_templates is not None:
        ProjectTemplatesStack(
            app, "ProjectTemplates", settings=settings.project_templates, seeds=seeds, env=env
        )
    for project in settings.projects:
        ProjectStack(app, f"Project-{project.name}", settings=project, seeds=seeds, env=env)


def main() -> None:
    app = cdk.App(analytics_reporting=False)
    config = Path(app.node.try_get_context("config") or DEFAULT_SETTINGS)
    try:
        settings = load_settings(config)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person reads it in the CLI's output
        sys.exit(2)
    add_stacks(app, settings)
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    app.synth()


if __name__ == "__main__":
    main()
