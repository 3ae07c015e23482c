"""Synchronization of directories of a job with S3: checkpoints, continuous output."""

import threading
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.aws_client import aws_client
from rehearsal.services.sagemaker.data.transfer import S3Location, download, upload
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

_INTERVAL = 10.0


class SynchronizedFolder:
    """A directory of a job: changed files are uploaded every ten seconds and at the end.

    Args:
        session: a session of the job's role.
        uri: the S3 prefix.
        directory: the directory.
        restored: True for checkpoints: the files of an earlier run are downloaded first. Defaults
            to False.
        kms_key: the KMS key of the objects. Defaults to None: the encryption of the bucket.
    """

    def __init__(
        self,
        session: boto3.Session,
        uri: str,
        directory: Path,
        *,
        restored: bool = False,
        kms_key: str | None = None,
    ) -> None:
        self._session = session
        self._kms_key = kms_key
        self._restored = restored
        self._location = S3Location.parse(uri)
        self._directory = directory
        self._sent: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._failure: ExecutionFailedError | None = None
        self._thread = threading.Thread(target=self._synchronize, daemon=True, name="checkpoints")

    def start(self) -> None:
        """Downloads the files of an earlier run, if wanted, and begins to upload."""
        self._directory.mkdir(parents=True, exist_ok=True)
        folder = f"{str(self._location).rstrip('/')}/"
        if self._restored and self._exists(folder):
            for file in download(self._session, folder, self._directory):
                self._sent[file] = _state(file)
        self._thread.start()

    def _exists(self, folder: str) -> bool:
        location = S3Location.parse(folder)
        try:
            response = aws_client(self._session, "s3").list_objects_v2(
                Bucket=location.bucket, Prefix=location.key.lstrip("/"), MaxKeys=1
            )
        except ClientError as error:
            raise ExecutionFailedError(
                f"ClientError: Please ensure that the role can list the checkpoints at {folder}: "
                f"{error.response['Error']['Code']}"
            ) from error
        return bool(response.get("Contents"))

    def close(self) -> None:
        """Uploads the last changes.

        Raises:
            ExecutionFailedError: an upload failed.
        """
        self._ended.set()
        self._thread.join()
        if self._failure is None:
            self._upload_changes()
        if self._failure is not None:
            raise self._failure

    def _synchronize(self) -> None:
        while not self._ended.wait(_INTERVAL) and self._failure is None:
            self._upload_changes()

    def _upload_changes(self) -> None:
        for file in sorted(self._directory.rglob("*")):
            if not file.is_file() or file.is_symlink():
                continue
            try:
                state = _state(file)
            except FileNotFoundError:
                continue  # the job has just removed it
            if self._sent.get(file) != state:
                target = self._location.below(*file.relative_to(self._directory).parts)
                try:
                    upload(
                        self._session,
                        file,
                        str(target),
                        kms_key=self._kms_key,
                        root=self._directory,
                    )
                except ExecutionFailedError as error:
                    self._failure = error
                    return
                self._sent[file] = state


def _state(file: Path) -> tuple[int, int]:
    status = file.lstat()
    return status.st_size, status.st_mtime_ns
