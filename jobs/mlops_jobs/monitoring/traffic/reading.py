"""Counts of the traffic that a run has read, and of that which it could not read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops_jobs.monitoring.findings import Metric
from mlops_jobs.monitoring.traffic.tables import Piece

CHECK = "unreadable_data_check"


@dataclass(kw_only=True)
class Reading:
    """Counts of what was read.

    Args:
        calls: captured calls, or files of batch transform jobs. Defaults to 0.
        unreadable: requests, or predictions that labels need, in an unknown format. Defaults to 0.
        not_captured: calls without the part that the analysis needs. Defaults to 0.
        unreadable_responses: responses in an unknown format, where only their distribution is
            watched. Defaults to 0.
        unknown_labels: ground truth labels that the model does not have. Defaults to 0.
        misfits: rows with another number of cells than columns, by that number. Defaults to none.
    """

    calls: int = 0
    unreadable: int = 0
    not_captured: int = 0
    unreadable_responses: int = 0
    unknown_labels: int = 0
    misfits: Counter[int] = field(default_factory=Counter)

    def add(self, piece: Piece) -> None:
        """Adds the counts of a piece.

        Args:
            piece: the piece.
        """
        self.calls += piece.calls
        self.unreadable += piece.unreadable
        self.not_captured += piece.not_captured
        self.misfits += piece.misfits

    def merge(self, other: "Reading") -> None:
        """Adds the counts of other traffic.

        Args:
            other: its counts.
        """
        self.calls += other.calls
        self.unreadable += other.unreadable
        self.not_captured += other.not_captured
        self.unreadable_responses += other.unreadable_responses
        self.unknown_labels += other.unknown_labels
        self.misfits += other.misfits

    @property
    def share(self) -> float:
        """Share of the calls, 0 to 1, that could not be analyzed."""
        return (self.unreadable + self.not_captured) / self.calls if self.calls else 0.0

    def members(self) -> dict[str, int]:
        """Returns the counts for a statistics file; only those that are not 0."""
        counts = {
            "unreadable_count": self.unreadable,
            "not_captured_count": self.not_captured,
            "unreadable_response_count": self.unreadable_responses,
            "unknown_label_count": self.unknown_labels,
        }
        return {name: count for name, count in counts.items() if count}

    def texts(self) -> Iterator[str]:
        """Yields a sentence for each kind of data that was not analyzed."""
        if self.unreadable:
            yield (
                f"{self.unreadable} of {self.calls} calls could not be read: their format is not "
                "CSV, JSON or JSON lines with rows, or not that of the attributes of the job"
            )
        if self.not_captured:
            yield (
                f"{self.not_captured} of {self.calls} calls were captured without the part that "
                "the analysis needs; add Input and Output to CaptureOptions of the endpoint"
            )
        if self.unreadable_responses:
            yield f"{self.unreadable_responses} responses could not be read"
        if self.unknown_labels:
            yield f"{self.unknown_labels} ground truth labels are unknown to the model"

    def violations(self, maximum: float) -> Iterator[dict[str, Any]]:
        """Yields a violation if too many calls could not be analyzed.

        Args:
            maximum: maximum share, 0 to 1.
        """
        if self.share > maximum:
            yield {
                "feature_name": "Unreadable data",
                "constraint_check_type": CHECK,
                "description": f"Unreadable share: {self.share} exceeds threshold: {maximum}. "
                f"{'. '.join(self.texts())}",
            }

    def metrics(self) -> Iterator[Metric]:
        """Yields the metrics of what was read."""
        yield Metric(name="unreadable_share", value=self.share)
