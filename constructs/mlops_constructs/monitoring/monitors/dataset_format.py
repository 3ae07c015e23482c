"""Formats of the input of batch transform jobs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """The format of the input of batch transform jobs; use its static factories."""

    kind: str
    flag: bool = False

    @staticmethod
    def csv(*, header: bool = True) -> "DatasetFormat":
        """Returns the format of comma-separated values.

        Args:
            header: True if the first line is a header. Defaults to True.

        Example:
            ```python
            DatasetFormat.csv(header=False)
            ```
        """
        return DatasetFormat(kind="csv", flag=header)

    @staticmethod
    def json_lines() -> "DatasetFormat":
        """Returns the format of one JSON object per line.

        Example:
            ```python
            DatasetFormat.json_lines()
            ```
        """
        return DatasetFormat(kind="json", flag=True)

    @staticmethod
    def parquet() -> "DatasetFormat":
        """Returns the format of Parquet files.

        Example:
            ```python
            DatasetFormat.parquet()
            ```
        """
        return DatasetFormat(kind="parquet")

    @property
    def options(self) -> dict[str, bool]:
        """The options of the format in the environment of a processing job's container."""
        flag = {"csv": "header", "json": "line"}.get(self.kind)
        return {} if flag is None else {flag: self.flag}
