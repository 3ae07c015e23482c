"""Layers of images: uploads are kept, checked and downloaded, as a copy to a registry needs."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json, json_response

from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime
from rehearsal.services.ecr.layer_files import LayerDigestError, LayerFiles

_WHY = "Uploaded layers are dropped, none is available, and an image may lack its layers."
_UNTIL = "ministack keeps the layers of images."


@patch("ministack.services.ecr:_upload_layer_part", why=_WHY, until=_UNTIL)
def upload_part(previous: Callable[..., Any], data: dict[str, Any], *, runtime: Runtime) -> Any:
    status, headers, body = previous(data)
    if status != 200:
        return status, headers, body
    part = base64.b64decode(data.get("layerPartBlob", ""))
    last = LayerFiles(runtime.platform).append(str(data.get("uploadId", "")), part)
    return json_response(json.loads(body) | {"lastByteReceived": last})


@patch("ministack.services.ecr:_complete_layer_upload", why=_WHY, until=_UNTIL)
def complete_upload(previous: Callable[..., Any], data: dict[str, Any], *, runtime: Runtime) -> Any:
    digests = data.get("layerDigests") or [""]
    try:
        LayerFiles(runtime.platform).complete(
            current_scope(), data.get("repositoryName", ""), data.get("uploadId", ""), digests[0]
        )
    except LayerDigestError as error:
        return error_response_json("InvalidLayerException", str(error), 400)
    return previous(data)


@patch("ministack.services.ecr:_batch_check_layer_availability", why=_WHY, until=_UNTIL)
def check_availability(
    previous: Callable[..., Any], data: dict[str, Any], *, runtime: Runtime
) -> Any:
    status, headers, body = previous(data)
    if status != 200:
        return status, headers, body
    content, files = json.loads(body), LayerFiles(runtime.platform)
    for layer in content["layers"]:
        if files.exists(current_scope(), data.get("repositoryName", ""), layer["layerDigest"]):
            layer["layerAvailability"] = "AVAILABLE"
    return json_response(content)


@patch("ministack.services.ecr:_get_download_url_for_layer", why=_WHY, until=_UNTIL)
def download_url(previous: Callable[..., Any], data: dict[str, Any], *, runtime: Runtime) -> Any:
    status, headers, body = previous(data)
    files, scope = LayerFiles(runtime.platform), current_scope()
    repository, digest = data.get("repositoryName", ""), data.get("layerDigest", "")
    # Images of AWS have no layers here, and pulls of them ask for the permission alone.
    if status != 200 or not files.exists(scope, repository, digest):
        return status, headers, body
    return json_response(json.loads(body) | {"downloadUrl": files.url(scope, repository, digest)})


@patch("ministack.services.ecr:_put_image", why=_WHY, until=_UNTIL)
def put_image(previous: Callable[..., Any], data: dict[str, Any], *, runtime: Runtime) -> Any:
    files, repository = LayerFiles(runtime.platform), data.get("repositoryName", "")
    missing = [
        digest
        for digest in _layers(data.get("imageManifest", ""))
        if not files.exists(current_scope(), repository, digest)
    ]
    if missing:
        return error_response_json(
            "LayersNotFoundException",
            f"Layers with digests '{missing}' do not exist in the repository with name "
            f"'{repository}'",
            400,
        )
    return previous(data)


def _layers(manifest: str) -> Iterator[str]:
    try:
        content = json.loads(manifest)
    except ValueError:
        return
    if not isinstance(content, dict):
        return
    for one in [content.get("config"), *(content.get("layers") or ())]:
        if isinstance(one, dict) and isinstance(one.get("digest"), str):
            yield one["digest"]
