"""The records of a feature group over time, and the one that was valid at a time.

Source: "Create a dataset from your feature groups" (point-in-time accurate joins) and "Query the
offline store with Athena" of SageMaker's developer guide.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_jobs.ingestion.schema import GroupSchema

if TYPE_CHECKING:
    import polars

FOUND = "#found"
"""Column that is True for rows with a record, whose features may all be empty."""
# Names that no feature can have.
_IDENTIFIER, _EVENT, _KNOWN, _RANK, _ROW = "#id", "#event", "#known", "#rank", "#row"
_ADDED = ("write_time", "api_invocation_time", "is_deleted")


class History:
    """The records of a group, from which rows get the values that were valid at their time.

    A row gets the record of its identifier with the latest event time that is not after the time of
    the row. Of records with equal event times, the one that was invoked and written last replaces
    the others. A deletion is a record as well: rows after it get no values until a later record.

    Args:
        records: records of the offline store: the features of the group and the three columns that
            the store adds.
        times: event time of each record, in nanoseconds since 1970.
        schema: features of the group.
        late: False ignores records for rows whose time is before the invocation that wrote them,
            because a prediction could not have read them. Defaults to True: event times alone
            decide, as for records of the past that were ingested later.
    """

    def __init__(
        self,
        records: "polars.DataFrame",
        times: Sequence[int],
        schema: GroupSchema,
        *,
        late: bool = True,
    ) -> None:
        import polars as pl

        self._schema = schema
        event = pl.Series(_EVENT, times, pl.Int64)
        invoked = pl.col("api_invocation_time").dt.timestamp("ns")
        ranked = (
            records.with_columns(event)
            .with_columns(
                pl.col(schema.record_identifier).alias(_IDENTIFIER),
                (pl.max_horizontal(pl.col(_EVENT), invoked) if not late else pl.col(_EVENT)).alias(
                    _KNOWN
                ),
            )
            .sort(_EVENT, "api_invocation_time", "write_time")
            .with_row_index(_RANK)
        )
        # A record that becomes known after a newer one does not replace it.
        self._valid = (
            ranked.sort(_KNOWN, _RANK)
            .select(_IDENTIFIER, _KNOWN, pl.col(_RANK).cum_max().over(_IDENTIFIER))
            .unique(subset=[_IDENTIFIER, _KNOWN], keep="last", maintain_order=True)
            .sort(_KNOWN)
        )
        self._records = ranked.filter(~pl.col("is_deleted")).select(_RANK, *schema.types)

    def at(
        self, identifiers: Sequence[str], times: Sequence[int], features: Sequence[str]
    ) -> "polars.DataFrame":
        """Returns the values of features that were valid for each row, and the column `FOUND`.

        Args:
            identifiers: record identifier of each row, as text.
            times: time of each row, in nanoseconds since 1970.
            features: names of the features.
        """
        import polars as pl

        kind = self._valid.schema[_IDENTIFIER]
        rows = pl.DataFrame(
            {_IDENTIFIER: list(identifiers), _KNOWN: list(times)},
            schema={_IDENTIFIER: pl.String(), _KNOWN: pl.Int64()},
        ).with_columns(pl.col(_IDENTIFIER).cast(kind, strict=False))
        return (
            rows.with_row_index(_ROW)
            .sort(_KNOWN)
            .join_asof(
                self._valid, on=_KNOWN, by=_IDENTIFIER, strategy="backward", check_sortedness=False
            )
            .join(self._records, on=_RANK, how="left")
            .sort(_ROW)
            .select(*features, pl.col(self._schema.event_time).is_not_null().alias(FOUND))
        )


def polars_types(types: Mapping[str, str]) -> dict[str, Any]:
    """Returns the types of the columns of a group's files.

    Args:
        types: type of each feature, by name.
    """
    import polars as pl

    kinds: dict[str, Any] = {
        "String": pl.String(),
        "Integral": pl.Int64(),
        "Fractional": pl.Float64(),
    }
    moment = pl.Datetime("us", "UTC")
    return {
        **{name: kinds[kind] for name, kind in types.items()},
        **dict(zip(_ADDED, (moment, moment, pl.Boolean()), strict=True)),
    }
