"""The request that starts a transform job, and what its model has to be allowed."""

from typing import Any

from mlops_constructs.access import Permission
from mlops_constructs.hosting._permissions import grant, writing_logs
from mlops_constructs.hosting.model.model import ModelBase

from .batch_data_capture import TransformCapture
from .transform_data import Split, TransformInput, TransformInstances, TransformOutput


def transform_job(
    model: ModelBase,
    source: TransformInput,
    destination: TransformOutput,
    instances: TransformInstances,
    capture: TransformCapture | None = None,
) -> dict[str, Any]:
    """The request without the name: CreateTransformJob of SageMaker's API reference."""
    splits = source.split is not Split.NONE
    processing = {
        "InputFilter": source.input_filter,
        "OutputFilter": destination.output_filter,
        "JoinSource": "Input" if destination.join_input else "None",
    }
    job: dict[str, Any] = {
        "ModelName": model.model_name,
        "TransformInput": source.render(),
        "TransformOutput": destination.render(assemble=splits),
        "TransformResources": instances.render(),
        "DataProcessing": {name: value for name, value in processing.items() if value is not None},
        "DataCaptureConfig": capture.render() if capture else None,
        "MaxConcurrentTransforms": instances.concurrency,
        "MaxPayloadInMB": instances.payload_mb,
        # A strategy needs records, which only split files have.
        "BatchStrategy": source.batch.value if splits else None,
    }
    return {name: value for name, value in job.items() if value is not None}


def let_model_work(
    model: ModelBase,
    source: TransformInput,
    destination: TransformOutput,
    capture: TransformCapture | None = None,
) -> None:
    """Lets the role of a model read the files of a job, write its answers, captures and log."""
    if model.role is None:
        return
    because = "jobs read and write every file below a prefix"
    files = Permission(
        actions=["s3:GetObject"],
        resources=[source.bucket.arn_for_objects(f"{source.prefix}/*")],
        because=because,
    )
    listing = Permission(actions=["s3:ListBucket"], resources=[source.bucket.bucket_arn])
    written: list[TransformOutput | TransformCapture] = [destination]
    if capture is not None:
        written.append(capture)
    answers = Permission(
        actions=["s3:PutObject"],
        resources=[one.bucket.arn_for_objects(f"{one.prefix}/*") for one in written],
        because=because,
    )
    keys = [source.bucket.encryption_key, *(one.key for one in written)]
    arns = list(dict.fromkeys(key.key_arn for key in keys if key is not None))
    allowed = [files, listing, answers, writing_logs(model, "TransformJobs")]
    if arns:
        allowed.append(Permission(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=arns))
    grant(model.role, allowed)


def model_problems(model: ModelBase) -> list[str]:
    """What no transform job can use.

    Source: ContainerDefinition of SageMaker's API reference; "Batch transform".
    """
    found = []
    if model.traits.multi_model:
        found.append("model: got a multi-model one, which transform jobs do not support")
    if model.traits.data_source:
        found.append(
            "model: got one whose data is a folder or of a hub; transform jobs load one archive "
            "(.tar.gz)"
        )
    return found
