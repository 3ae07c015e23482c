"""Counts of labels that did not come, came twice, or belong to no call of the window."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlops_jobs.monitoring.findings import Metric


@dataclass(frozen=True, kw_only=True)
class LabelCounts:
    """Counts of the labels of a window.

    Args:
        calls: captured calls. Defaults to 0.
        unlabeled: calls without a label. Defaults to 0.
        unmatched: labels with the id of no call of the window. Defaults to 0.
        repeated: labels whose id had a label before; the last one counts. Defaults to 0.
    """

    calls: int = 0
    unlabeled: int = 0
    unmatched: int = 0
    repeated: int = 0

    def texts(self) -> Iterator[str]:
        """Yields a sentence for each kind of label that is missing or not used."""
        if self.unlabeled:
            yield f"{self.unlabeled} of {self.calls} calls have no label"
        if self.unmatched:
            yield f"{self.unmatched} labels have the id of no call of the window"
        if self.repeated:
            yield f"{self.repeated} ids have more than one label, of which the last one counts"

    def metrics(self) -> Iterator[Metric]:
        """Yields the metrics of the labels; none without calls."""
        if self.calls:
            yield Metric(name="unlabeled_share", value=self.unlabeled / self.calls)
            yield Metric(name="unmatched_labels", value=float(self.unmatched))
