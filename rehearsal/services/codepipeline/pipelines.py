"""The pipelines of every account and region."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.framework.service import Request
from rehearsal.framework.store import Store
from rehearsal.services.codepipeline.records import PipelineExecution, PipelineRecord

_PAGE_SIZE = 100


class Pipelines:
    """The pipelines of every account and region.

    Args:
        lock: the service's lock.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._records: Store[PipelineRecord] = Store()

    def add(self, record: PipelineRecord) -> None:
        """Adds a pipeline.

        Raises:
            AwsError: PipelineNameInUseException.
        """
        with self._lock:
            records = self._records.of(record.scope)
            if record.name in records:
                raise AwsError(
                    "PipelineNameInUseException",
                    f"A pipeline with the name '{record.name}' already exists in account "
                    f"'{record.scope.account}'",
                )
            records[record.name] = record

    def remove(self, scope: Scope, name: str) -> PipelineRecord | None:
        """Removes a pipeline; returns None for an unknown one."""
        with self._lock:
            return self._records.of(scope).pop(name, None)

    def list(self, scope: Scope) -> list[PipelineRecord]:
        """Returns the pipelines of an account and region, sorted by name."""
        with self._lock:
            records = list(self._records.of(scope).values())
        return sorted(records, key=lambda record: record.name)

    def everywhere(self) -> Sequence[PipelineRecord]:
        """Returns the pipelines of all accounts and regions."""
        with self._lock:
            return [record for _, record in self._records.everywhere()]

    def find(self, scope: Scope, name: str) -> PipelineRecord:
        """Returns a pipeline by its name.

        Raises:
            AwsError: PipelineNotFoundException.
        """
        with self._lock:
            record = self._records.of(scope).get(name)
        if record is None:
            raise AwsError(
                "PipelineNotFoundException",
                f"Account '{scope.account}' does not have a pipeline with name '{name}'",
            )
        return record

    @staticmethod
    def stage(record: PipelineRecord, name: str) -> Mapping[str, Any]:
        """Returns the declaration of a stage.

        Raises:
            AwsError: StageNotFoundException.
        """
        for stage in record.declaration["stages"]:
            if stage["name"] == name:
                return dict(stage)
        raise AwsError(
            "StageNotFoundException", f"Pipeline {record.name} does not have a stage {name}"
        )

    def by_arn(self, arn: str, scope: Scope) -> PipelineRecord:
        """Returns a pipeline by its ARN.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        with self._lock:
            record = self._records.of(scope).get(arn.rpartition(":")[2])
        if record is None or record.arn != arn:
            raise AwsError("ResourceNotFoundException", f"There is no pipeline {arn}")
        return record


def execution_of(record: PipelineRecord, identifier: str) -> PipelineExecution:
    """Returns an execution by its id.

    Raises:
        AwsError: PipelineExecutionNotFoundException.
    """
    with record.condition:
        for execution in record.executions:
            if execution.identifier == identifier:
                return execution
    raise AwsError(
        "PipelineExecutionNotFoundException",
        f"Pipeline {record.name} does not have an execution {identifier}",
    )


def default_variables(declaration: Mapping[str, Any]) -> dict[str, str]:
    """Returns the variables of an execution that starts without values for them."""
    return {
        item["name"]: item["defaultValue"]
        for item in declaration.get("variables", [])
        if "defaultValue" in item
    }


def page_of(entries: Sequence[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
    """Returns a page of a List operation, and the member for the next one."""
    return page(
        entries,
        request,
        size=_PAGE_SIZE,
        size_member="maxResults",
        token_member="nextToken",  # noqa: S106  # the name of a member
        error="InvalidNextTokenException",
    )
