"""Settings files of stages in the first commit of the model-deploy repository."""

from collections.abc import Sequence

from mlops_constructs.delivery import DEFAULT_STAGES, ProjectStage

from .seeds.seed import Seed

_EARLIER, _LAST = (f"config/{stage.name}.yaml" for stage in DEFAULT_STAGES)


def with_stage_settings(seed: Seed, stages: Sequence[ProjectStage]) -> Seed:
    """Returns the seed with one settings file for each stage.

    A stage without a file begins with that of staging, and the last one with that of production. A
    seed without these two files is returned unchanged.

    Args:
        seed: seed of the model-deploy repository.
        stages: the stages in their order.
    """
    files = seed.files()
    if not {_EARLIER, _LAST} <= set(files):
        return seed
    missing = {
        path: files[_LAST if stage is stages[-1] else _EARLIER]
        for stage in stages
        if (path := f"config/{stage.name}.yaml") not in files
    }
    return seed.with_project_files(missing)
