"""Steps of a deployment that neither CDK nor CloudFormation can do."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacks.plan.synthesis import SynthesisedStack
from stacks.settings import Account, Settings
from stacks.settings.deployments import deployments
from stacks.settings.references import ROLES_OF_PROJECT
from stacks.settings.studio import Authentication

DEFAULT_ROLES = 1000
"""Default quota of IAM roles in an account."""

_CONNECTIONS = ("AWS::CodeConnections::Connection", "AWS::CodeStarConnections::Connection")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a user.

    Args:
        account: alias of the account.
        text: the step.
        before: True if the step precedes the deployment.
        commands: commands of the step. Defaults to none: it is done in a console.
    """

    account: str
    text: str
    before: bool
    commands: tuple[str, ...] = ()


def steps(config: Path, settings: Settings, stacks: Sequence[SynthesisedStack]) -> list[Step]:
    """Returns the steps of a user, those before the deployment first.

    Args:
        config: the settings file, for commands.
        settings: settings of an organisation.
        stacks: stacks of the app.
    """
    found = [
        _bootstrap_commands(config),
        *_bootstrap(settings),
        *_existing(settings),
        *_sign_in(settings),
        *_connections(settings, stacks),
        *_subscriptions(settings, stacks),
        *_chat(settings),
        *_cost_tags(settings),
        *_quotas(settings),
    ]
    return sorted(dict.fromkeys(found), key=lambda step: not step.before)


def _used(settings: Settings) -> list[Account]:
    """Returns the accounts that stacks are deployed to."""
    by_alias = {one.account.alias: one.account for one in deployments(settings)}
    return [by_alias[alias] for alias in settings.accounts if alias in by_alias]


def _bootstrap(settings: Settings) -> Iterator[Step]:
    places = {  # the first alias of each
        (account.id, region): account.alias
        for account in reversed(_used(settings))
        for region in (account.region, *account.replicas)
    }
    for account in _used(settings):
        for region in (account.region, *account.replicas):
            if places[account.id, region] == account.alias:
                yield Step(
                    account=account.alias,
                    text=f"Bootstrap {account.id} in {region} with credentials of this account.",
                    before=True,
                )


def _bootstrap_commands(config: Path) -> Step:
    return Step(
        account="bootstrap",
        text="These commands write the policies of CloudFormation and show the commands for each "
        "account:",
        before=True,
        commands=(
            f"npx cdk synth --quiet --context config={config}",
            "python -m stacks bootstrap cdk.out",
        ),
    )


def _existing(settings: Settings) -> Iterator[Step]:
    boundary = settings.defaults.permissions_boundary
    for account in _used(settings):
        if boundary is not None:
            yield Step(
                account=account.alias,
                text=f"Create the managed policy {boundary}, the permissions boundary of roles, "
                "if it does not exist.",
                before=True,
            )
    for studio in settings.studio:
        principal = studio.federation.principal if studio.federation else None
        if principal is not None:
            for account in settings.accounts_of(studio):
                yield Step(
                    account=account.alias,
                    text=f"Create {principal}, with which users sign in, if it does not exist.",
                    before=True,
                )


def _sign_in(settings: Settings) -> Iterator[Step]:
    for studio in settings.studio:
        if studio.authentication is Authentication.IDENTITY_CENTER:
            for account in settings.accounts_of(studio):
                yield Step(
                    account=account.alias,
                    text=f"Enable IAM Identity Center for the organisation, in {account.region}, "
                    "and create the users there before their profiles.",
                    before=True,
                )


def alias_of(settings: Settings, stack: SynthesisedStack) -> str:
    """Returns the alias of a stack's account.

    Args:
        settings: settings of an organisation.
        stack: stack of the app.
    """
    found = [
        alias
        for alias, account in settings.accounts.items()
        if (account.id, account.region) == (stack.account, stack.region)
    ]
    by_id = [alias for alias, account in settings.accounts.items() if account.id == stack.account]
    return next(iter(found or by_id), stack.account)


def _connections(settings: Settings, stacks: Sequence[SynthesisedStack]) -> Iterator[Step]:
    for stack in stacks:
        for resource in stack.resources.values():
            if resource["Type"] in _CONNECTIONS:
                name = resource["Properties"]["ConnectionName"]
                yield Step(
                    account=alias_of(settings, stack),
                    text=f"Authorise the connection {name} in the console of {stack.region}: "
                    "Developer Tools > Settings > Connections > Update pending connection.",
                    before=False,
                )


def _subscriptions(settings: Settings, stacks: Sequence[SynthesisedStack]) -> Iterator[Step]:
    addresses: dict[str, set[str]] = defaultdict(set)
    for stack in stacks:
        for resource in stack.resources.values():
            properties = resource.get("Properties", {})
            is_mail = properties.get("Protocol") == "email"
            if resource["Type"] == "AWS::SNS::Subscription" and is_mail:
                addresses[alias_of(settings, stack)].add(str(properties["Endpoint"]))
    for alias, found in addresses.items():
        yield Step(
            account=alias,
            text=f"Confirm the subscriptions that AWS mails to {', '.join(sorted(found))}.",
            before=False,
        )


def _chat(settings: Settings) -> Iterator[Step]:
    for project in settings.projects:
        for channel in project.notifications.slack if project.notifications else ():
            yield Step(
                account=settings.account_of(project).alias,
                text=f"Authorise the Slack workspace {channel.workspace_id} in the console of "
                "Amazon Q Developer in chat applications, before the deployment.",
                before=True,
            )


def _cost_tags(settings: Settings) -> Iterator[Step]:
    tags = [(settings.account_of(one).alias, one.tag.key) for one in settings.budgets if one.tag]
    tags += [
        (settings.account_of(one).alias, "sagemaker:project-name")
        for one in settings.projects
        if one.budget
    ]
    for alias, key in tags:
        yield Step(
            account=alias,
            text=f"Activate {key} as a cost allocation tag in Billing of the account that pays, "
            "a day after the first deployment; budgets show 0 until then.",
            before=False,
        )


def _quotas(settings: Settings) -> Iterator[Step]:
    roles: dict[str, int] = defaultdict(int)
    for project in settings.projects:
        roles[settings.account_of(project).alias] += ROLES_OF_PROJECT + len(project.personas)
    for alias, number in roles.items():
        yield Step(
            account=alias,
            text="Request SageMaker quotas for the instance types of the projects in Service "
            "Quotas; new accounts have 0 of many.",
            before=True,
        )
        if number > DEFAULT_ROLES:
            yield Step(
                account=alias,
                text=f"Request a quota of more than {number:,} IAM roles; the default is "
                f"{DEFAULT_ROLES:,}.",
                before=True,
            )


def section_of_stack(settings: Settings, stack: SynthesisedStack) -> str:
    """Returns the section of the settings that a stack comes from.

    Args:
        settings: settings of an organisation.
        stack: stack of the app.
    """
    for one in deployments(settings):
        place = (one.account.id, one.account.region, one.stack_name)
        if place == (stack.account, stack.region, stack.stack_name):
            return one.section
    if "ProjectReplica-" in stack.stack_name:
        return "projects"
    return "platform_pipeline" if "PlatformPipelineArtifacts-" in stack.stack_name else "defaults"
