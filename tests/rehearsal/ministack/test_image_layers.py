"""Layers of images are kept, as in AWS: a copy of an image reads and writes each of them."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import Aws

LAYER = b'{"os": "linux"}'
DIGEST = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/json", "size": len(LAYER), "digest": DIGEST},
        "layers": [],
    }
)


@pytest.fixture(scope="module")
def ecr(aws: Aws) -> Any:
    client = aws.client("ecr")
    for name in ("layers", "no-layers"):
        client.create_repository(repositoryName=name)
    return client


def upload(ecr: Any, digest: str = DIGEST) -> int:
    place = {"repositoryName": "layers"}
    upload_id = ecr.initiate_layer_upload(**place)["uploadId"]
    last = -1
    for start, end in ((0, 5), (5, len(LAYER))):
        last = ecr.upload_layer_part(
            **place,
            uploadId=upload_id,
            partFirstByte=start,
            partLastByte=end - 1,
            layerPartBlob=LAYER[start:end],
        )["lastByteReceived"]
    ecr.complete_layer_upload(**place, uploadId=upload_id, layerDigests=[digest])
    return last


def test_an_uploaded_layer_is_available_and_downloaded_without_credentials(
    aws: Aws, ecr: Any
) -> None:
    assert upload(ecr) == len(LAYER) - 1

    checked = ecr.batch_check_layer_availability(repositoryName="layers", layerDigests=[DIGEST])
    assert [one["layerAvailability"] for one in checked["layers"]] == ["AVAILABLE"]
    url = ecr.get_download_url_for_layer(repositoryName="layers", layerDigest=DIGEST)["downloadUrl"]
    trusted = ssl.create_default_context(cafile=aws.endpoint["ca_bundle"])
    with urllib.request.urlopen(url, context=trusted) as response:  # noqa: S310
        assert response.read() == LAYER
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url[:-1] + "x", context=trusted)  # noqa: S310


def test_an_upload_with_another_digest_is_rejected(ecr: Any) -> None:
    with pytest.raises(ClientError, match="InvalidLayerException"):
        upload(ecr, "sha256:" + "0" * 64)


def test_an_image_needs_its_layers_in_its_own_repository(ecr: Any) -> None:
    upload(ecr)

    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.put_image(repositoryName="no-layers", imageManifest=MANIFEST)
    stored = ecr.put_image(repositoryName="layers", imageManifest=MANIFEST)["image"]
    digest = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"
    assert stored["imageId"]["imageDigest"] == digest
