"""The models of a multi-model container, which are loaded on request.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
"""

import hashlib
import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import boto3

from rehearsal.containers.server_connection import (
    HttpResponse,
    ServerConnection,
)
from rehearsal.services.sagemaker.data.archive import extract
from rehearsal.services.sagemaker.data.transfer import S3Location, download_object
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

MODELS_DIRECTORY = "/opt/ml/models"
TARGET_MODEL = "X-Amzn-SageMaker-Target-Model"
_LOAD_TIMEOUT = 60.0
_NOT_LOADED, _LOADED_ALREADY, _NO_MEMORY = 404, 409, 507


class TargetModelError(ValueError):
    """A request names no model, or one that cannot be downloaded."""


class LoadedModels:
    """The models that one container holds.

    Args:
        connection: the container's server.
        prefix: the S3 prefix below which TargetModel names archives (the container's ModelDataUrl).
        directory: the directory that is /opt/ml/models of the container.
        session: a session of the model's execution role, which downloads the archives.
        cached: False if a model is unloaded after each request (ModelCacheSetting of
            MultiModelConfig).
    """

    def __init__(
        self,
        connection: ServerConnection,
        prefix: str,
        directory: Path,
        session: boto3.Session,
        *,
        cached: bool = True,
    ) -> None:
        self._connection = connection
        self._prefix = prefix
        self._directory = directory
        self._session = session
        self._cached = cached
        self._lock = threading.Lock()
        self._loaded: dict[str, None] = {}  # least recently used first

    def invoke(
        self, target: str | None, body: bytes, headers: Mapping[str, str], timeout: float
    ) -> HttpResponse:
        """Returns the response of a model, which is loaded first if necessary.

        Raises:
            TargetModelError: there is no target, or no such archive.
        """
        if not target:
            raise TargetModelError(
                "This endpoint serves several models: name one of them in TargetModel."
            )
        name = hashlib.sha256(target.encode()).hexdigest()[:32]
        failure = self._load(name, target)
        if failure is not None:
            return failure
        path = f"/models/{name}/invoke"
        response = self._connection.request("POST", path, body, headers, timeout=timeout)
        if response.status == _NOT_LOADED:  # the container has unloaded it
            with self._lock:
                self._loaded.pop(name, None)
            failure = self._load(name, target)
            if failure is not None:
                return failure
            response = self._connection.request("POST", path, body, headers, timeout=timeout)
        if not self._cached:
            with self._lock:
                self._unload(name)
        return response

    def forget(self) -> None:
        """Takes all models as unloaded, after a restart of the container."""
        with self._lock:
            self._loaded.clear()

    def _load(self, name: str, target: str) -> HttpResponse | None:
        """Loads a model, unless it is loaded; returns the response of the container if it fails."""
        with self._lock:
            if name in self._loaded:
                self._loaded[name] = self._loaded.pop(name)
                return None
            self._fetch(name, target)
            request = {"model_name": name, "url": f"{MODELS_DIRECTORY}/{name}/model"}
            while True:
                response = self._connection.request(
                    "POST",
                    "/models",
                    json.dumps(request).encode(),
                    {"Content-Type": "application/json"},
                    timeout=_LOAD_TIMEOUT,
                )
                if response.status != _NO_MEMORY or not self._loaded:
                    break
                self._unload(next(iter(self._loaded)))
            if 200 <= response.status < 300 or response.status == _LOADED_ALREADY:
                self._loaded[name] = None
                return None
            shutil.rmtree(self._directory / name, ignore_errors=True)
            return response

    def _fetch(self, name: str, target: str) -> None:
        location = S3Location.parse(self._prefix).below(*target.lstrip("/").split("/"))
        archive = self._directory / f"{name}.tar.gz"
        self._directory.mkdir(parents=True, exist_ok=True)
        try:
            download_object(self._session, str(location), archive)
            extract(archive, self._directory / name / "model", origin=str(location))
        except ExecutionFailedError as error:
            raise TargetModelError(
                f"Failed to download model data (bucket: {location.bucket}, key: {location.key}). "
                "Please ensure that there is an object located at the URL and that the role passed "
                f"to CreateModel has permissions to download the model. {error.reason}"
            ) from error
        finally:
            archive.unlink(missing_ok=True)

    def _unload(self, name: str) -> None:
        self._loaded.pop(name, None)
        self._connection.request("DELETE", f"/models/{name}", None, {}, timeout=_LOAD_TIMEOUT)
        shutil.rmtree(self._directory / name, ignore_errors=True)
