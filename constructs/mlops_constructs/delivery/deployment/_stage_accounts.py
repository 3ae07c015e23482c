"""Validation of a project's stages, and those in other accounts."""

from collections.abc import Sequence

from constructs import IConstruct

from mlops_constructs._environment import environment_of
from mlops_constructs._problems import is_known

from .project_stage import ProjectStage
from .stage_target import StageTarget


def stage_list_problems(stages: Sequence[ProjectStage]) -> list[str]:
    """Validates the stages of one project; returns one message per problem."""
    if not stages:
        return ["stages: got none; give at least one ProjectStage"]
    found = []
    titles = [stage.title for stage in stages]
    for stage in stages:
        if titles.count(stage.title) > 1:
            found.append(f"stages: got {stage.name} for more than one stage; rename the duplicates")
        if stage.title in ("Source", "Synth"):
            found.append(
                f"stages: got {stage.name}, the name of another stage of the pipeline; rename it"
            )
    return list(dict.fromkeys(found))


def targets_of(
    scope: IConstruct, project_name: str, stages: Sequence[ProjectStage]
) -> tuple[dict[str, StageTarget], list[str]]:
    """Returns the targets of the stages outside of the account or region of `scope`, by stage.

    Args:
        scope: a construct of the project.
        project_name: name of the project.
        stages: the stages.

    Returns:
        The targets, and one message per problem.
    """
    stack = environment_of(scope)
    found, problems = {}, []
    for stage in stages:
        region = stage.region or stack.region
        if region != stack.region and stage.account is None:
            problems.append(
                f"stages: {stage.name}: got the region {region} without an account; give the "
                "account as well, also if it is that of the project"
            )
            continue
        if stage.account in (None, stack.account) and region == stack.region:
            if stage.network is not None:
                problems.append(
                    f"stages: {stage.name}: got a network for a stage in the project's account, "
                    "which uses the network of the project; remove it"
                )
            continue
        if not is_known(stack.account) or not is_known(stack.region):
            problems.append(
                f"stages: {stage.name}: got the account {stage.account}, but a stack without an "
                "account and region; give the stack of the project `env`"
            )
            continue
        if not is_known(project_name):
            problems.append(
                f"stages: {stage.name}: got an account, but a project name that is known at "
                "deployment only; a project from a template has all stages in its account"
            )
            continue
        try:
            found[stage.name] = StageTarget.of(
                project_name=project_name,
                stage=stage,
                region=region,
                project_region=stack.region,
            )
        except ValueError as error:
            problems.append(f"stages: {error}")
    return found, problems
