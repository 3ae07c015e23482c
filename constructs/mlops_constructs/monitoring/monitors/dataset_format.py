"""How the records of batch transform jobs are written."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """How the records of batch transform jobs are written; made by its static factories."""

    kind: str
    flag: bool = False

    @staticmethod
    def csv(*, header: bool = True) -> "DatasetFormat":
        """Comma-separated values.

        Example:
            ```python
            DatasetFormat.csv(header=False)
            ```
        """
        return DatasetFormat(kind="csv", flag=header)

    @staticmethod
    def json_lines() -> "DatasetFormat":
        """One JSON object for each line.

        Example:
            ```python
            DatasetFormat.json_lines()
            ```
        """
        return DatasetFormat(kind="json", flag=True)

    @staticmethod
    def parquet() -> "DatasetFormat":
        """Parquet files.

        Example:
            ```python
            DatasetFormat.parquet()
            ```
        """
        return DatasetFormat(kind="parquet")

    @property
    def options(self) -> dict[str, bool]:
        """What the format has to be told, as CreateProcessingJob's containers read it."""
        flag = {"csv": "header", "json": "line"}.get(self.kind)
        return {} if flag is None else {flag: self.flag}
