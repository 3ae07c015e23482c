"""Images and files are copied to another region once, with two sets of credentials."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.delivery.runtime import copy_model

SOURCE, COPY = "s3://artifacts/models/7/model.tar.gz", "s3://copies/models/7/model.tar.gz"
ENVIRONMENT = {
    "COPY_ROLE_ARN": "arn:aws:iam::333333333333:role/churn-prod-copy",
    "COPY_REGION": "eu-west-1",
    "COPY_REPOSITORY_NAME": "churn-prod",
    "IMAGE_REPOSITORY": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/images",
}
PART_SIZE = 4


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registries:
    """S3 and ECR of two regions, behind the AWS CLI."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {SOURCE: (b"model", {})}
        self.layers = {digest_of(one): one for one in (b"configuration", b"files")}
        self.images: dict[str, dict[str, Any]] = {}
        self.copied_layers: dict[str, bytes] = {}
        self.copied_images: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.writes: list[str] = []

    def image(self, manifest: Mapping[str, Any]) -> str:
        text = json.dumps(manifest)
        digest = digest_of(text.encode())
        kind = "application/vnd.oci.image.manifest.v1+json"
        self.images[digest] = {"imageManifest": text, "imageManifestMediaType": kind}
        return digest

    def __call__(self, service: str, operation: str, *arguments: str, variables: Any = None) -> Any:
        given = dict(itertools.pairwise(arguments))
        if variables is not None:
            assert variables["AWS_REGION"] == ENVIRONMENT["COPY_REGION"]
            assert variables["AWS_ACCESS_KEY_ID"] == "of the copy role"
        name = operation.replace("-", "_")
        return getattr(self, f"{service}_{name}")(given, arguments, writes=variables is not None)

    def sts_assume_role(self, given: Any, _: Any, *, writes: bool) -> Any:
        assert given["--role-arn"] == ENVIRONMENT["COPY_ROLE_ARN"]
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(names, "of the copy role")}

    def s3api_head_object(self, given: Any, _: Any, *, writes: bool) -> Any:
        uri = f"s3://{given['--bucket']}/{given['--key']}"
        assert writes is uri.startswith("s3://copies/")
        if uri not in self.objects:
            raise copy_model.CopyError("aws s3api head-object: (404) Not Found")
        content, metadata = self.objects[uri]
        return {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Metadata": metadata}

    def s3_cp(self, given: Any, arguments: Any, *, writes: bool) -> None:
        source, target = arguments[-2:]
        if writes:
            name, _, value = given["--metadata"].partition("=")
            self.objects[target] = (Path(source).read_bytes(), {name: value})
            self.writes.append(target)
        else:
            Path(target).write_bytes(self.objects[source][0])

    def ecr_batch_get_image(self, given: Any, _: Any, *, writes: bool) -> Any:
        digest = given["--image-ids"].partition("=")[2]
        if writes:
            return {"images": [{}] if digest in self.copied_images else []}
        assert given["--registry-id"] == "111111111111"
        return {"images": [self.images[digest]] if digest in self.images else []}

    def ecr_batch_check_layer_availability(self, given: Any, _: Any, *, writes: bool) -> Any:
        found = given["--layer-digests"] in self.copied_layers
        return {"layers": [{"layerAvailability": "AVAILABLE" if found else "UNAVAILABLE"}]}

    def ecr_get_download_url_for_layer(self, given: Any, _: Any, *, writes: bool) -> Any:
        assert not writes
        return {"downloadUrl": f"https://layers/{given['--layer-digest']}"}

    def ecr_initiate_layer_upload(self, *_: Any, writes: bool) -> Any:
        self.uploads["1"] = b""
        return {"uploadId": "1", "partSize": PART_SIZE}

    def ecr_upload_layer_part(self, given: Any, _: Any, *, writes: bool) -> Any:
        part = Path(given["--layer-part-blob"].removeprefix("fileb://")).read_bytes()
        assert int(given["--part-first-byte"]) == len(self.uploads["1"])
        self.uploads["1"] += part
        assert int(given["--part-last-byte"]) == len(self.uploads["1"]) - 1
        assert len(part) <= PART_SIZE

    def ecr_complete_layer_upload(self, given: Any, _: Any, *, writes: bool) -> Any:
        digest = given["--layer-digests"]
        assert digest_of(self.uploads["1"]) == digest
        self.copied_layers[digest] = self.uploads.pop("1")

    def ecr_put_image(self, given: Any, _: Any, *, writes: bool) -> Any:
        assert writes
        manifest = json.loads(Path(given["--image-manifest"].removeprefix("file://")).read_text())
        wanted = [one["digest"] for one in [*manifest.get("layers", ())]]
        assert set(wanted) <= set(self.copied_layers)
        assert {one["digest"] for one in manifest.get("manifests", ())} <= set(self.copied_images)
        self.copied_images.append(given["--image-digest"])


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Registries:
    found = Registries()

    def download(url: str, path: Path) -> None:
        path.write_bytes(found.layers[url.removeprefix("https://layers/")])

    monkeypatch.setattr(copy_model, "_download", download)
    return found


@pytest.fixture
def image(registries: Registries) -> str:
    configuration, files = registries.layers
    return registries.image({"config": {"digest": configuration}, "layers": [{"digest": files}]})


def run(folder: Path, registries: Registries, *digests: str) -> int:
    path = folder / "prod.copies.json"
    objects = [{"source": SOURCE, "copy": COPY}]
    path.write_text(json.dumps({"objects": objects, "images": digests}))
    return copy_model.main([str(path)], ENVIRONMENT, registries)


def test_an_image_arrives_with_its_layers_and_its_digest(
    tmp_path: Path, registries: Registries, image: str
) -> None:
    assert run(tmp_path, registries, image) == 0

    assert registries.copied_images == [image]
    assert registries.copied_layers == registries.layers
    assert registries.objects[COPY][0] == b"model"


def test_the_images_of_an_index_arrive_before_it(
    tmp_path: Path, registries: Registries, image: str
) -> None:
    index = registries.image({"manifests": [{"digest": image}]})

    assert run(tmp_path, registries, index) == 0
    assert registries.copied_images == [image, index]


def test_what_is_there_is_not_copied_again(
    tmp_path: Path, registries: Registries, image: str
) -> None:
    for _ in range(2):
        assert run(tmp_path, registries, image) == 0

    assert registries.writes == [COPY]
    assert registries.copied_images == [image]


def test_a_changed_object_is_copied_again(tmp_path: Path, registries: Registries) -> None:
    run(tmp_path, registries)
    registries.objects[SOURCE] = (b"another model", {})

    run(tmp_path, registries)

    assert registries.objects[COPY][0] == b"another model"


def test_a_missing_image_fails_with_the_remedy(
    tmp_path: Path, registries: Registries, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, registries, "sha256:missing") == 1

    assert "FAILED: the repository has no image sha256:missing; push" in capsys.readouterr().out


def test_a_denied_read_of_the_copy_is_not_a_missing_copy(
    tmp_path: Path, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise copy_model.CopyError("aws s3api head-object: (403) Forbidden")

    monkeypatch.setattr(registries, "s3api_head_object", denied)
    assert run(tmp_path, registries) == 1
    assert not registries.writes


def test_layers_are_downloaded_by_https_only(tmp_path: Path) -> None:
    with pytest.raises(copy_model.CopyError, match="allowed is https"):
        copy_model._download("file:///etc/passwd", tmp_path / "layer")
