"""Count of the written records of a run, and its failures."""

from mlops_jobs.failure import InputError

MAX_FAILURES = 1000
_LISTED_FAILURES = 3


class Progress:
    """Count of the records of a run, and its failures.

    Attributes:
        written: number of written records.
        failures: place and reason of each record that was not written.
    """

    def __init__(self) -> None:
        self.written = 0
        self.failures: list[str] = []

    def fail(self, place: str, reason: str) -> None:
        """Records and logs a record that cannot be written.

        Args:
            place: file and line of the record.
            reason: reason of the failure.

        Raises:
            InputError: there are too many failures.
        """
        self.failures.append(f"{place}: {reason}")
        print(f"not written: {self.failures[-1]}")
        if len(self.failures) == MAX_FAILURES:
            raise InputError(f"stopped after {MAX_FAILURES} failures: {self.summary()}")

    def add(self, other: "Progress") -> None:
        """Adds the records and failures of other files, which were logged already.

        Args:
            other: their count.

        Raises:
            InputError: there are too many failures.
        """
        self.written += other.written
        self.failures = [*self.failures, *other.failures][:MAX_FAILURES]
        if len(self.failures) == MAX_FAILURES:
            raise InputError(f"stopped after {MAX_FAILURES} failures: {self.summary()}")

    def summary(self) -> str:
        """Returns one line about the failures."""
        shown = " | ".join(self.failures[:_LISTED_FAILURES])
        return f"{len(self.failures)} records were not written, {self.written} were: {shown}"
