"""Filters, order and pages of SageMaker's List operations.

The filters of the API have regular names (`NameContains`, `CreationTimeAfter`, `StatusEquals`), so
one implementation serves every kind. See for instance API_ListTrainingJobs in the API reference.
"""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.service_model import select, summary_shape

DEFAULT_PAGE = 10
"""Entries of a page when MaxResults is left out, as SageMaker answers."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How a kind of resource is listed.

    `operation` is the API name and `member` the list in its answer. The others name the fields of a
    record: `name`, `created`, `modified` (none: the record has no such time) and `status`.
    """

    operation: str
    member: str
    name: str
    created: str = "CreationTime"
    modified: str | None = "LastModifiedTime"
    status: str | None = None
    newest_first: bool = True

    def answer(self, records: Iterable[Record], request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the List operation to a request."""
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
        for prefix, field in self._times().items():
            after, before = request.get(prefix + "After"), request.get(prefix + "Before")
            if field is not None and (after is not None or before is not None):
                moment = record[field]
                if after is not None and moment <= moment_of(after):
                    return False
                if before is not None and moment >= moment_of(before):
                    return False
        contains = request.get("NameContains")
        if contains is not None and contains.lower() not in str(record[self.name]).lower():
            return False
        wanted = request.get("StatusEquals")
        return wanted is None or self.status is None or record[self.status] == wanted

    def _times(self) -> dict[str, str | None]:
        return {
            "CreationTime": self.created,
            "Created": self.created,
            "LastModifiedTime": self.modified,
        }

    def _order(self, request: Mapping[str, Any]) -> Callable[[Record], Any]:
        by = request.get("SortBy", "CreationTime")
        fields = {"Name": self.name, "Status": self.status or self.name}
        field = fields.get(by, by if by != "CreationTime" else self.created)
        return lambda record: record[field]

    def _descending(self, request: Mapping[str, Any]) -> bool:
        default = "Descending" if self.newest_first else "Ascending"
        return bool(request.get("SortOrder", default) == "Descending")


def moment_of(value: Any) -> datetime.datetime:
    """A time of a request: the gateway hands over datetimes, a direct caller may give seconds."""
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(float(value), datetime.UTC)


def page(entries: list[Any], request: Mapping[str, Any], member: str) -> dict[str, Any]:
    """A page of entries under `member`, with NextToken when more follow."""
    start = _position(request.get("NextToken"))
    end = start + int(request.get("MaxResults") or DEFAULT_PAGE)
    answer: dict[str, Any] = {member: entries[start:end]}
    if end < len(entries):
        answer["NextToken"] = base64.urlsafe_b64encode(b"position:%d" % end).decode()
    return answer


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if word == "position":
            return int(number)
    except (binascii.Error, ValueError):
        pass  # falls through to the one refusal below: a token that we did not give out
    raise AwsError("ValidationException", "NextToken is invalid: it was not given by this service.")
