"""The stores that an ingestion writes, and how."""

from enum import StrEnum


class TargetStores(StrEnum):
    """The stores that an ingestion writes.

    Source: "Batch ingestion with Amazon SageMaker Feature Store Spark" of SageMaker's developer
    guide.
    """

    ALL = "all"
    """Each row with PutRecord: the online and the offline store, as the group is configured."""
    OFFLINE = "offline"
    """The files of the offline store directly: tens of thousands of rows in a second. A file with a
    row that violates the schema is not written at all. The online store is not updated, and the
    metrics of PutRecord, and so `freshness_alarm`, do not count the rows."""
