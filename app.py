"""The CDK app: reads the settings of an organisation and instantiates its stacks.

`cdk deploy -c config=config/NAME.yaml` selects the settings.
"""

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.validation import SageMakerChecks
from stacks.platform_pipeline_stack import PlatformPipelineStack
from stacks.project_stack import ProjectStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import seed_code
from stacks.settings import DEFAULT_SETTINGS, Account, Settings, SettingsError, load_settings
from stacks.settings.network import ExistingNetworkSettings
from stacks.settings.platform_pipeline import RepositorySettings
from stacks.unsupported import unsupported

seeds = functools.cache(seed_code)
"""Seed code of all projects, packed once."""

AddStack = Callable[[Construct, Settings, Account, Any], object]
"""Adds the stack of an entry of a section to an account."""


def project_templates(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of project templates."""
    ProjectTemplatesStack(
        scope,
        "ProjectTemplates",
        settings=entry,
        seeds=seeds(),
        defaults=settings.defaults_in(account),
        env=environment(account),
        network=network_of(settings, account) if entry.network else None,
    )


def project(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of a project."""
    ProjectStack(
        scope,
        f"Project-{entry.name}",
        settings=entry,
        seeds=seeds(),
        defaults=settings.defaults_in(account),
        env=environment(account),
        network=network_of(settings, account) if entry.network else None,
    )


SECTIONS: Mapping[str, AddStack] = {"project_templates": project_templates, "projects": project}
"""Stack of each section, in the order of the stacks."""


def add_stacks(scope: Construct, settings: Settings, account: Account) -> None:
    """Adds the stacks of an account."""
    for section, add in SECTIONS.items():
        for entry in settings.entries_in(section, account.alias):
            add(scope, settings, account, entry)


def add_pipeline(app: cdk.App, settings: Settings, config: str) -> set[str]:
    """Adds the pipeline of the settings, if they have one; returns the aliases that it deploys."""
    pipeline = settings.platform_pipeline
    if pipeline is None:
        return set()
    account = settings.account_of(pipeline)
    stages = []
    for wave in pipeline.waves:
        stages.append(cdk.Stage(app, wave.stage_name))
        for alias in wave.accounts:
            scope = stages[-1] if len(wave.accounts) == 1 else Construct(stages[-1], alias)
            add_stacks(scope, settings, settings.account(alias))
    PlatformPipelineStack(
        app,
        "PlatformPipeline",
        settings=pipeline,
        config=config,
        stages=stages,
        defaults=settings.defaults_in(account),
        env=environment(account),
        connection_arn=connection_of(settings, pipeline.source, account),
    )
    return {alias for wave in pipeline.waves for alias in wave.accounts}


def add_all(app: cdk.App, settings: Settings, config: str) -> None:
    """Adds the stacks of all accounts; those of several accounts are below their aliases."""
    missing = unsupported(settings, frozenset(SECTIONS))
    if missing:
        raise SettingsError(f"{config}: not supported yet: {', '.join(missing)}; remove these keys")
    by_pipeline = add_pipeline(app, settings, config)
    for alias in settings.accounts:
        if alias not in by_pipeline:
            scope = app if len(settings.accounts) == 1 else Construct(app, alias)
            add_stacks(scope, settings, settings.account(alias))


def network_of(settings: Settings, account: Account) -> ExistingNetworkSettings | None:
    """Returns the existing network of an account."""
    return next((one.existing for one in settings.entries_in("network", account.alias)), None)


def connection_of(
    settings: Settings, source: RepositorySettings | None, account: Account
) -> str | None:
    """Returns the connection of a repository; None for CodeCommit."""
    if source is None:
        return None
    named = (
        one.existing_arn
        for one in settings.entries_in("connections", account.alias)
        if one.name == source.connection
    )
    return next(named, None)


def environment(account: Account) -> cdk.Environment:
    """Returns the account and region of stacks."""
    return cdk.Environment(account=account.id, region=account.region)


def fail(message: str) -> NoReturn:
    """Exits with a message that the CLI shows."""
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(2)


def main() -> None:
    """Synthesises the app."""
    app = cdk.App(analytics_reporting=False)
    config = app.node.try_get_context("config") or DEFAULT_SETTINGS
    try:
        add_all(app, load_settings(Path(config)), config)
    except SettingsError as error:
        fail(str(error))
    except ValueError as error:  # the library rejects a value of the file
        fail(f"{config}: {error}")
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    app.synth()


if __name__ == "__main__":
    main()
