"""The settings files of the stages that a pipeline deploys, and what they must not share."""

from __future__ import annotations

from pathlib import Path

from stacks.settings import Settings, SettingsError, load_settings


def load_stages(settings: Settings, config: str, root: Path) -> list[Settings]:
    """Reads and checks the settings files of the stages of a pipeline.

    Args:
        settings: those of the pipeline's own file.
        config: the pipeline's own file, for messages.
        root: the folder that the files of the stages are relative to.

    Raises SettingsError with the problems of every stage, each with its place in the pipeline's
    file: a file that cannot be used, a stage with a pipeline of its own, and two files, the
    pipeline's included, that would deploy the same stack, template or project, or make a launch
    role of the same name in one account.
    """
    pipeline = settings.platform_pipeline
    problems: list[str] = []
    taken = dict.fromkeys(_deployed(settings), config)
    loaded = []
    for number, stage in enumerate(pipeline.stages if pipeline else ()):
        place = f"platform_pipeline.stages[{number}].config"
        try:
            found = load_settings(root / stage.config)
        except SettingsError as error:
            problems.append(f"{place}: {error}")
            continue
        if found.platform_pipeline is not None:
            problems.append(
                f"{place}: {stage.config} has a platform_pipeline; a stage has no "
                "platform_pipeline of its own, remove it there"
            )
        for one in _deployed(found):
            if one in taken:
                account, region = found.environment.account, found.environment.region
                problems.append(
                    f"{place}: {stage.config} has {one[-1]} for {account} in {region}, and so has "
                    f"{taken[one]}; allowed is one of them in each account"
                    f"{' and region' if one[1] else ''}"
                )
            taken[one] = stage.config
        loaded.append(found)
    if problems:
        raise SettingsError(f"{config}: the stages cannot be used\n  - " + "\n  - ".join(problems))
    return loaded


def _deployed(settings: Settings) -> list[tuple[str, str, str]]:
    """What exists once in an account and region: the templates, and each project by its name.

    A role exists once in an account; one without a name of its own has the region's.
    """
    place = (settings.environment.account, settings.environment.region)
    found = ["project_templates"] if settings.project_templates else []
    found += [f"the project {project.name}" for project in settings.projects]
    of_account = []
    if settings.project_templates and settings.project_templates.launch_role_name:
        of_account.append(f"the launch_role_name {settings.project_templates.launch_role_name}")
    account, _ = place
    return [(*place, one) for one in found] + [(account, "", one) for one in of_account]
