"""When a tuning job with TrainingJobEarlyStoppingType Auto stops a training job.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rehearsal.services.sagemaker.jobs.tuning.trial import Trial

_FEWEST_COMPLETED = 3


class MedianRule:
    """Stops a trial whose objective is worse than the median of the completed trials.

    The median is of their averages up to the same point of their logs.
    """

    def __init__(self, maximize: bool) -> None:
        self._maximize = maximize

    def stops(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        point = len(trial.values)
        completed = [item for item in trials if item.status == "Completed" and item.values]
        if point < 2 or len(completed) < _FEWEST_COMPLETED or trial.stopped_early:
            return False
        median = statistics.median(statistics.fmean(item.values[:point]) for item in completed)
        best = max(trial.values) if self._maximize else min(trial.values)
        return best < median if self._maximize else best > median
