"""Scheduled ingestion of files into a feature group."""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._job_events import PROCESSING_JOB, job_rule
from mlops_constructs._job_network import JobNetwork
from mlops_constructs._job_permissions import use_keys, write_logs
from mlops_constructs._job_schedule import MAX_ID_LENGTH, PROCESSING, ScheduledJobs
from mlops_constructs._problems import Problems
from mlops_constructs._processing_request import ProcessingRequest
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, ServiceRole, image_pull_permissions
from mlops_constructs.access._network_interfaces import network_interface_permissions

from .feature_files import FeatureFiles
from .feature_group_base import FeatureGroupBase
from .ingestion_job import IngestionJob
from .offline_store import OfflineStore
from .target_stores import TargetStores

_MAX_NAME_LENGTH = 63 - MAX_ID_LENGTH


@dataclass(frozen=True, kw_only=True)
class _Compute:
    instance_type: str
    volume_size_in_gb: int
    network: JobNetwork
    instance_count: int = 1


class FeatureIngestion(cdk.Resource):
    """Defines the scheduled ingestion of files into a feature group.

    EventBridge Scheduler starts processing jobs, which write the rows of new files with PutRecord,
    to the online and the offline store as the group is configured. The schema of the group is the
    contract: a row that violates it is not written, and the job fails with its file and line. The
    next run retries that file.

    A run that cannot be started is retried and then kept in `dead_letter_queue`.

    Args:
        feature_group: feature group that is written.
        files: files and their ledger.
        job: image, instance, limits, network, key and role of the runs.
        schedule: schedule of the runs, in the time zone of the expression. The interval should be
            longer than a run: two concurrent runs would ingest the same files, and the offline
            store would keep both records.
        target_stores: stores that are written, and how. Defaults to `TargetStores.ALL`: each row
            with PutRecord.

    Attributes:
        ingestion_name: prefix of the names of the jobs.
        role: execution role of the runs.
        dead_letter_queue: queue of the runs that could not be started.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: PutRecord and CreateProcessingJob of SageMaker's API reference; "Using universal
    targets" of EventBridge Scheduler's user guide.

    Example:
        ```python
        from aws_cdk import aws_scheduler as scheduler

        FeatureIngestion(
            stack,
            "Ingestion",
            feature_group=FeatureGroup.from_feature_group_name(stack, "Orders", "orders"),
            files=FeatureFiles(bucket=bucket, prefix="features/orders"),
            job=IngestionJob(repository=repository, tag_or_digest="1"),
            schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
        )
        ```
    """

    role: iam.IRole

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        feature_group: FeatureGroupBase,
        files: FeatureFiles,
        job: IngestionJob,
        schedule: scheduler.ScheduleExpression,
        target_stores: TargetStores = TargetStores.ALL,
    ) -> None:
        super().__init__(scope, construct_id)
        key = job.encryption_key or files.bucket.encryption_key
        problems = Problems("FeatureIngestion", self)
        problems.extend(region_problems(self, "AWS::Scheduler::Schedule"))
        problems.extend(files.problems())
        problems.extend(job.problems(key))
        if target_stores is TargetStores.OFFLINE:
            problems.extend(_direct_problems(feature_group))
        problems.raise_if_any()
        self.ingestion_name = cdk.Names.unique_resource_name(
            self, max_length=_MAX_NAME_LENGTH, separator="-"
        )
        self._group, self._files, self._job = feature_group, files, job
        self._target_stores = target_stores
        self.role = job.role or self._define_role(key)
        self.dead_letter_queue = DeadLetterQueue(self, "DeadLetters", encryption_key=key)
        zone = schedule.time_zone
        ScheduledJobs(
            kind=PROCESSING,
            name_prefix=self.ingestion_name,
            request=self._request(key).render(),
            expression=schedule.expression_string,
            time_zone=zone.timezone_name if zone else None,
            description=f"{self.ingestion_name}: ingests records into a feature group",
            role_description="EventBridge Scheduler: starts the ingestion of features",
            dead_letter_queue=self.dead_letter_queue,
            passed_role=self.role,
            # The key encrypts the schedule, the queue and, by a grant of the caller, the disk.
            permissions=list(use_keys([key])),
            encryption_key=key,
        ).schedule(self, role_id="SchedulerRole")

    def on_failure(
        self, construct_id: str, *, target: events.IRuleTarget | None = None
    ) -> events.Rule:
        """Creates an EventBridge rule for failed runs.

        `ExitMessage` of the event has the file and the line of the row that was not written.

        Args:
            construct_id: id of the rule within the ingestion.
            target: target of the rule. Defaults to None: add targets to the rule.

        Example:
            ```python
            from aws_cdk import aws_scheduler as scheduler

            orders = FeatureIngestion(
                stack,
                "OrderIngestion",
                feature_group=FeatureGroup.from_feature_group_name(stack, "OrderGroup", "orders"),
                files=FeatureFiles(bucket=bucket, prefix="features/orders"),
                job=IngestionJob(repository=repository, tag_or_digest="1"),
                schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
            )
            orders.on_failure("Failure", target=targets.SnsTopic(topic))
            ```
        """
        return job_rule(
            self,
            construct_id,
            job=PROCESSING_JOB,
            detail={
                "ProcessingJobName": [{"prefix": f"{self.ingestion_name}-"}],
                "ProcessingJobStatus": ["Failed", "Stopped"],
            },
            description=f"{self.ingestion_name}: a run failed",
            target=target,
        )

    def _request(self, key: kms.IKey | None) -> ProcessingRequest:
        job = self._job
        return ProcessingRequest(
            image_uri=job.repository.repository_uri_for_tag_or_digest(job.tag_or_digest),
            arguments=[
                "ingest",
                "--feature-group",
                self._group.feature_group_name,
                "--source",
                self._files.uri,
                "--ledger",
                self._files.ledger_uri(self.ingestion_name),
                "--concurrency",
                str(job.concurrency),
                *self._store_arguments(),
            ],
            job=_Compute(
                instance_type=job.instance_type,
                volume_size_in_gb=job.volume_size_in_gb,
                network=job.joined,
            ),
            maximum_seconds=job.max_seconds(),
            role_arn=self.role.role_arn,
            encryption_key=key,
        )

    def _define_role(self, key: kms.IKey | None) -> ServiceRole:
        return ServiceRole(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            description="SageMaker: ingests records into a feature group",
            permissions=list(self._permissions(key)),
        )

    def _permissions(self, key: kms.IKey | None) -> Iterator[Permission]:
        offline_store = self._group.offline_store
        if self._target_stores is TargetStores.OFFLINE and offline_store is not None:
            yield from self._direct_permissions(offline_store)
        else:
            yield from self._record_permissions()
        yield from self._files.permissions(self.ingestion_name)
        yield from use_keys([key, *self._files.keys()])
        yield from image_pull_permissions(self._job.repository)
        yield from write_logs(self)
        network = self._job.joined
        if network.vpc is not None:
            yield from network_interface_permissions(
                self,
                subnet_ids=network.subnet_ids(),
                security_group_ids=network.security_group_ids(),
            )

    def _store_arguments(self) -> list[str]:
        """Returns the option of the stores; images of before it have all stores only."""
        if self._target_stores is TargetStores.ALL:
            return []
        return ["--store", self._target_stores.value]

    def _record_permissions(self) -> Iterator[Permission]:
        yield Permission(
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:PutRecord"],
            resources=[self._group.feature_group_arn],
        )
        online_key = self._group.online_encryption_key
        if online_key is not None:
            yield Permission(actions=["kms:Decrypt"], resources=[online_key.key_arn])

    def _direct_permissions(self, store: OfflineStore) -> Iterator[Permission]:
        folder = store.folder(self._group.feature_group_name)
        yield Permission(
            actions=["sagemaker:DescribeFeatureGroup"], resources=[self._group.feature_group_arn]
        )
        yield Permission(
            actions=["s3:AbortMultipartUpload", "s3:PutObject"],
            resources=[store.bucket.arn_for_objects(f"{folder}/*")],
            because="SageMaker chooses the folder of the group's files",
        )
        if store.encryption_key is not None:
            yield Permission(
                # S3 decrypts the parts of a large object to assemble it.
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[store.encryption_key.key_arn],
            )


def _direct_problems(group: FeatureGroupBase) -> Iterator[str]:
    store = group.offline_store
    if store is None:
        yield (
            "target_stores: got TargetStores.OFFLINE for a group without an offline store, or an "
            "imported one; allowed is a FeatureGroup with OfflineStore.glue"
        )
    elif store.table_format != "Glue":
        yield (
            f"target_stores: got TargetStores.OFFLINE for a table in the format "
            f"{store.table_format}; allowed is OfflineStore.glue"
        )
