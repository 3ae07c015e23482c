"""Filters, order and pages of SageMaker's List operations.

The filters of the API have regular names (`NameContains`, `CreationTimeAfter`, `StatusEquals`), so
one implementation serves every kind. See for instance API_ListTrainingJobs in the API reference.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework import pages
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.service_model import select, summary_shape

DEFAULT_PAGE = 10
"""Entries of a page if the request has no MaxResults."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The List operation of a kind of resource.

    Args:
        operation: the API name of the operation.
        member: the member of the response that holds the list.
        name: the member of a record that holds its name.
        created: the member of a record that holds its time of creation.
        modified: the member of a record that holds its time of modification; None if it has none.
        status: the member of a record that holds its status. Defaults to None: it has none.
        newest_first: False if the default order of the API is ascending.
        sort_by: the default of SortBy. Defaults to the time of creation.
        equal: members of the request that a member of a record must equal, such as
            `{"DomainIdEquals": "DomainId"}`. Defaults to none.
    """

    operation: str
    member: str
    name: str
    created: str = "CreationTime"
    modified: str | None = "LastModifiedTime"
    status: str | None = None
    newest_first: bool = True
    sort_by: str = "CreationTime"
    equal: Mapping[str, str] = field(default_factory=dict)

    def respond(self, records: Iterable[Record], request: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the response of the operation."""
        kept = [record for record in records if self._matches(record, request)]
        order = self._order(request)
        # Records come oldest first; among equal keys (one millisecond) that order counts, too.
        keyed = sorted(
            ((order(record), number, record) for number, record in enumerate(kept)),
            key=lambda entry: entry[:2],
            reverse=self._descending(request),
        )
        kept = [record for _, _, record in keyed]
        shape = summary_shape(self.operation, self.member)
        return page([select(record, shape) for record in kept], request, self.member)

    def _matches(self, record: Record, request: Mapping[str, Any]) -> bool:
        for prefix, member in self._times().items():
            after, before = request.get(prefix + "After"), request.get(prefix + "Before")
            if member is not None and (after is not None or before is not None):
                moment = record[member]
                if after is not None and moment <= moment_of(after):
                    return False
                if before is not None and moment >= moment_of(before):
                    return False
        contains = request.get("NameContains")
        if contains is not None and contains.lower() not in str(record[self.name]).lower():
            return False
        for given, member in self._equal().items():
            if request.get(given) not in (None, record.get(member)):
                return False
        return True

    def _times(self) -> dict[str, str | None]:
        return {
            "CreationTime": self.created,
            "Created": self.created,
            "LastModifiedTime": self.modified,
            "ModifiedTime": self.modified,
        }

    def _equal(self) -> dict[str, str]:
        status = {"StatusEquals": self.status} if self.status is not None else {}
        return {**status, **self.equal}

    def _order(self, request: Mapping[str, Any]) -> Callable[[Record], Any]:
        by = request.get("SortBy", self.sort_by)
        fields = {"Name": self.name, "Status": self.status or self.name}
        field = fields.get(by, by if by != "CreationTime" else self.created)
        return lambda record: record[field]

    def _descending(self, request: Mapping[str, Any]) -> bool:
        default = "Descending" if self.newest_first else "Ascending"
        return bool(request.get("SortOrder", default) == "Descending")


def moment_of(value: Any) -> datetime.datetime:
    """Returns a time of a request; a direct caller may specify seconds instead of a datetime."""
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(float(value), datetime.UTC)


def page(
    entries: Sequence[Any],
    request: Mapping[str, Any],
    member: str,
    size: int = DEFAULT_PAGE,
) -> dict[str, Any]:
    """Returns a page of entries under `member`, with NextToken when more entries follow."""
    kept, more = pages.page(entries, request, size=size)
    return {member: kept, **more}
