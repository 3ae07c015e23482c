"""Settings files of the stages of a pipeline, and validation across them."""

from pathlib import Path

from stacks.settings import Settings, SettingsError, load_settings


def load_stages(settings: Settings, config: str, root: Path) -> list[Settings]:
    """Reads and validates the settings files of the stages of a pipeline.

    Args:
        settings: settings of the pipeline's file.
        config: the pipeline's file, for messages.
        root: the folder that the stages' files are relative to.

    Raises:
        SettingsError: with the problems of every stage and its place in the pipeline's file: an
            invalid file, a stage with a pipeline, and two files (the pipeline's included) that
            would deploy the same template, project or launch role.
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
                f"{place}: {stage.config} has a platform_pipeline, which a stage cannot have; "
                "remove it there"
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
    """Returns what must be unique: templates and projects by account and region, roles by account.

    A role without a configured name has the region in its name, so it is unique.
    """
    place = (settings.environment.account, settings.environment.region)
    found = ["project_templates"] if settings.project_templates else []
    found += [f"the project {project.name}" for project in settings.projects]
    of_account = []
    if settings.project_templates and settings.project_templates.launch_role_name:
        of_account.append(f"the launch_role_name {settings.project_templates.launch_role_name}")
    account, _ = place
    return [(*place, one) for one in found] + [(account, "", one) for one in of_account]
