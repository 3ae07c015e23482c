"""The CDK app: reads the settings of an organisation and instantiates its stacks.

`cdk deploy -c config=config/NAME.yaml` selects the settings.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import PackageRepository
from mlops_constructs.studio import StudioUser
from mlops_constructs.validation import SageMakerChecks
from stacks.budgets_stack import BudgetsStack
from stacks.connections_stack import ConnectionsStack
from stacks.feature_store_stack import FeatureStoreStack
from stacks.foundation_stack import FoundationStack
from stacks.network_source import ExistingNetwork, NetworkSource
from stacks.network_stack import NetworkStack
from stacks.platform_pipeline_stack import PlatformPipelineStack
from stacks.project_replica_stack import ProjectReplicaStack
from stacks.project_stack import ProjectStack
from stacks.project_stages import project_stages, replicas_of, target_stages
from stacks.project_target_stack import ProjectTargetStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.registry_stack import RegistryStack
from stacks.removal import removal_policy
from stacks.seeds import seed_code
from stacks.settings import DEFAULT_SETTINGS, Account, Settings, SettingsError, load_settings
from stacks.settings.logs import LogSettings
from stacks.studio_stack import StudioStack
from stacks.users.people_stack import PeopleStack
from stacks.validation.template_validation import TemplateValidation

seeds = functools.cache(seed_code)
"""Seed code of all projects, packed once."""

AddStack = Callable[[Construct, Settings, Account, Any], object]
"""Adds the stack of an entry of a section to an account."""


def foundation(scope: Construct, settings: Settings, account: Account) -> FoundationStack:
    """Returns the foundation of an account, which the first stack that needs it adds."""
    found = scope.node.try_find_child("Foundation")
    if isinstance(found, FoundationStack):
        return found
    logs = next(settings.entries_in("logs", account.alias), LogSettings())
    return FoundationStack(scope, "Foundation", settings=logs, **common(settings, account))


def logs(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the foundation with the settings of logs and alarms."""
    foundation(scope, settings, account)


def network(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of a network, unless it exists."""
    if entry.existing is None:
        NetworkStack(
            scope,
            "Network",
            foundation=foundation(scope, settings, account),
            settings=entry,
            accounts={alias: settings.account(alias) for alias in settings.accounts},
            **common(settings, account),
        )


def connections(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of all connections that do not exist."""
    new = [
        one for one in settings.entries_in("connections", account.alias) if one.existing_arn is None
    ]
    if new and scope.node.try_find_child("Connections") is None:
        ConnectionsStack(scope, "Connections", settings=new, **common(settings, account))


def studio(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of a Studio domain."""
    source = network_of(scope, settings, account)
    if source is None:
        raise ValueError(f"studio: the account {account.alias} has no network; add one")
    templates = scope.node.try_find_child("ProjectTemplates")
    StudioStack(
        scope,
        "Studio",
        foundation=foundation(scope, settings, account),
        network=source,
        vpc_only=reaches_studio(settings, account),
        packages=packages_of(scope),
        project_templates=templates if isinstance(templates, ProjectTemplatesStack) else None,
        settings=entry,
        **common(settings, account),
    )


def people(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of the users of a Studio domain."""
    domain = domain_of(scope)
    if entry.people is None or domain is None:
        return
    projects = {
        one.name: stack.personas
        for one in settings.entries_in("projects", account.alias)
        if isinstance(stack := scope.node.find_child(f"Project-{one.name}"), ProjectStack)
        if stack.personas is not None
    }
    PeopleStack(
        scope,
        "People",
        domain_stack=domain,
        users=StudioUser.from_yaml(entry.people),
        project_personas=projects,
        **common(settings, account),
    )


def feature_store(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of feature groups."""
    FeatureStoreStack(
        scope,
        "FeatureStore",
        foundation=foundation(scope, settings, account),
        settings=entry,
        **common(settings, account),
    )


def registry(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of model package groups."""
    RegistryStack(
        scope,
        "Registry",
        settings=entry,
        accounts={alias: settings.account(alias) for alias in settings.accounts},
        **common(settings, account),
    )


def project_templates(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of project templates."""
    ProjectTemplatesStack(
        scope,
        "ProjectTemplates",
        settings=entry,
        seeds=seeds(),
        defaults=settings.defaults_in(account),
        env=environment(account),
        network=network_of(scope, settings, account),
        connections=list(settings.entries_in("connections", account.alias)),
        foundation=foundation(scope, settings, account) if entry.mlflow else None,
    )


def project(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of a project."""
    ProjectStack(
        scope,
        f"Project-{entry.name}",
        settings=entry,
        seeds=seeds()[entry.seed],
        stages=project_stages(settings, entry),
        defaults=settings.defaults_in(account),
        env=environment(account),
        network=network_of(scope, settings, account) if entry.network else None,
        packages=packages_of(scope),
        domain_stack=domain_of(scope),
        foundation=foundation(scope, settings, account) if entry.budget else None,
        connections=list(settings.entries_in("connections", account.alias)),
    )


def add_targets(scope: Construct, settings: Settings, account: Account) -> None:
    """Adds the stacks of stages of projects in other accounts."""
    for one in target_stages(settings, account):
        defaults, made = settings.defaults_in(account), scope.node.try_find_child("Network")
        ProjectTargetStack(
            scope,
            f"ProjectTarget-{one.project.name}-{one.stage.name}",
            project_name=one.project.name,
            project_id=one.project.project_id,
            project_account=one.account.id,
            project_region=one.account.region,
            stage=one.stage,
            network=made if isinstance(made, NetworkStack) and one.stage.network else None,
            feature_store=one.project.feature_store,
            removal_policy=removal_policy(one.project.removal, defaults),
            defaults=defaults,
            env=environment(account),
        )


def add_replicas(scope: Construct, settings: Settings, account: Account) -> None:
    """Adds the stacks of the artifacts of projects in the regions of their stages."""
    for one in replicas_of(settings, account):
        defaults = settings.defaults_in(account)
        ProjectReplicaStack(
            scope,
            f"ProjectReplica-{one.project.name}-{one.region}",
            project_name=one.project.name,
            project_id=one.project.project_id,
            stages=one.stages,
            removal_policy=removal_policy(one.project.removal, defaults),
            defaults=defaults,
            env=cdk.Environment(account=account.id, region=one.region),
        )


def budgets(scope: Construct, settings: Settings, account: Account, entry: Any) -> None:
    """Adds the stack of all budgets of an account."""
    if scope.node.try_find_child("Budgets") is None:
        BudgetsStack(
            scope,
            "Budgets",
            foundation=foundation(scope, settings, account),
            settings=list(settings.entries_in("budgets", account.alias)),
            **common(settings, account),
        )


SECTIONS: Sequence[tuple[str, AddStack]] = (
    ("logs", logs),
    ("network", network),
    ("connections", connections),
    ("project_templates", project_templates),
    ("studio", studio),
    ("feature_store", feature_store),
    ("registry", registry),
    ("projects", project),
    ("studio", people),
    ("budgets", budgets),
)
"""Stack of each section, after the stacks that it depends on."""


def add_stacks(scope: Construct, settings: Settings, account: Account) -> None:
    """Adds the stacks of an account."""
    for section, add in SECTIONS:
        for entry in settings.entries_in(section, account.alias):
            add(scope, settings, account, entry)
    add_targets(scope, settings, account)
    add_replicas(scope, settings, account)


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
        connections=list(settings.entries_in("connections", account.alias)),
    )
    return {alias for wave in pipeline.waves for alias in wave.accounts}


def add_all(app: cdk.App, settings: Settings, config: str) -> None:
    """Adds the stacks of all accounts; those of several accounts are below their aliases."""
    by_pipeline = add_pipeline(app, settings, config)
    for alias in settings.accounts:
        if alias not in by_pipeline:
            scope = app if len(settings.accounts) == 1 else Construct(app, alias)
            add_stacks(scope, settings, settings.account(alias))


def network_of(scope: Construct, settings: Settings, account: Account) -> NetworkSource | None:
    """Returns the network of an account; None without one."""
    for one in settings.entries_in("network", account.alias):
        if one.existing is not None:
            return ExistingNetwork(one.existing)
    found = scope.node.try_find_child("Network")
    return found if isinstance(found, NetworkStack) else None


def reaches_studio(settings: Settings, account: Account) -> bool:
    """Returns True if applications of Studio can use the network of an account only."""
    return any(
        one.existing is not None or one.internet is not None or "studio" in one.uses
        for one in settings.entries_in("network", account.alias)
    )


def packages_of(scope: Construct) -> PackageRepository | None:
    """Returns the repository of packages of an account; None without one."""
    found = scope.node.try_find_child("Network")
    return found.packages if isinstance(found, NetworkStack) else None


def domain_of(scope: Construct) -> StudioStack | None:
    """Returns the stack of an account's Studio domain; None without one."""
    found = scope.node.try_find_child("Studio")
    return found if isinstance(found, StudioStack) else None


def common(settings: Settings, account: Account) -> dict[str, Any]:
    """Returns the arguments of every stack of an account."""
    return {"defaults": settings.defaults_in(account), "env": environment(account)}


def environment(account: Account) -> cdk.Environment:
    """Returns the account and region of stacks."""
    return cdk.Environment(account=account.id, region=account.region)


def fail(message: str) -> NoReturn:
    """Exits with a message that the CLI shows."""
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(2)


def main() -> None:
    """Synthesises the app."""
    # The trace of where a construct was created has no line of Python, and costs time for each one.
    without_traces = {"aws:cdk:disable-creation-stack-traces": True}
    # `TemplateValidation` replaces the CDK's validation.
    app = cdk.App(
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
        context=without_traces,
    )
    config = app.node.try_get_context("config") or DEFAULT_SETTINGS
    try:
        add_all(app, load_settings(Path(config)), config)
    except SettingsError as error:
        fail(str(error))
    except ValueError as error:  # the library rejects a value of the file
        fail(f"{config}: {error}")
    cdk.Validations.of(app).add_plugins(SageMakerChecks(), TemplateValidation())
    app.synth()


if __name__ == "__main__":
    main()
