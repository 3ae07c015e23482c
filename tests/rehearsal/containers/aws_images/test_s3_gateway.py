# ruff: noqa: N803  # a fake has the argument names of boto3
"""The gateway by which Hadoop's client of WebHDFS reads and writes buckets."""

from __future__ import annotations

import datetime
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.containers.aws_images.stand_in import s3_gateway

BUCKET = "my-bucket.eu"


class FakeS3:
    """Buckets in memory; the names of boto3 where the gateway uses them."""

    class exceptions:  # noqa: N801  # the name of boto3
        ClientError = ClientError

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.denied = ""

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self._check(Key, "HeadObject")
        size = len(self.objects[Key])
        return {"ContentLength": size, "LastModified": datetime.datetime.now(datetime.UTC)}

    def list_objects_v2(
        self, *, Bucket: str, Prefix: str, MaxKeys: int = 1000, Delimiter: str = ""
    ) -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        now = datetime.datetime.now(datetime.UTC)
        inside = [key for key in keys if Delimiter not in key[len(Prefix) :] or not Delimiter]
        folders = {
            Prefix + key[len(Prefix) :].split(Delimiter)[0] + Delimiter
            for key in keys
            if Delimiter and key not in inside
        }
        return {
            "KeyCount": len(keys[:MaxKeys]),
            "Contents": [
                {"Key": key, "Size": len(self.objects[key]), "LastModified": now} for key in inside
            ],
            "CommonPrefixes": [{"Prefix": one} for one in sorted(folders)],
        }

    def get_paginator(self, name: str) -> FakeS3:
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self.list_objects_v2(**request)

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:
        first, last = Range.removeprefix("bytes=").split("-")
        return {"Body": io.BytesIO(self.objects[Key][int(first) : int(last) + 1])}

    def upload_fileobj(self, content: Any, bucket: str, key: str) -> None:
        self._check(key, "PutObject", must_exist=False)
        self.objects[key] = content.read()

    def copy(self, source: dict[str, str], bucket: str, key: str) -> None:
        self.objects[key] = self.objects[source["Key"]]

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        for one in Delete["Objects"]:
            del self.objects[one["Key"]]
        return {}

    def _check(self, key: str, operation: str, *, must_exist: bool = True) -> None:
        if self.denied and key.startswith(self.denied):
            denied = {"Code": "AccessDenied", "Message": f"not allowed: {key}"}
            raise ClientError({"Error": denied}, operation)  # type: ignore[typeddict-item]
        if must_exist and key not in self.objects:
            raise ClientError({"Error": {"Code": "404"}}, operation)


class Jvm:
    """The requests of the JVM, which sends the whole URL to its proxy."""

    def __init__(self, port: int) -> None:
        proxy = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"})
        self._opener = urllib.request.build_opener(proxy)

    def send(self, method: str, path: str, operation: str, body: Any = None, **options: str) -> Any:
        query = "&".join(f"{name}={value}" for name, value in {"op": operation, **options}.items())
        url = f"http://{BUCKET}:9870/webhdfs/v1/{path}?{query}"
        request = urllib.request.Request(url, data=body, method=method)
        with self._opener.open(request) as response:
            content = response.read()
        is_json = response.headers.get("Content-Type") == "application/json"
        return json.loads(content) if is_json else content

    def write(self, path: str, content: bytes, **options: str) -> None:
        """Writes as the client of WebHDFS does: in chunks, to the location of a redirect."""
        with pytest.raises(urllib.error.HTTPError) as raised:
            self.send("PUT", path, "CREATE", **options)
        raised.value.close()
        assert raised.value.code == 307
        assert raised.value.headers["Location"].endswith("&data=true")
        self.send("PUT", path, "CREATE", iter([content[:3], content[3:]]), data="true", **options)

    def kinds(self, path: str) -> dict[str, str]:
        found = self.send("GET", path, "LISTSTATUS")["FileStatuses"]["FileStatus"]
        return {one["pathSuffix"]: one["type"] for one in found}

    def error(self, method: str, path: str, operation: str, **options: str) -> tuple[int, str]:
        with pytest.raises(urllib.error.HTTPError) as raised:
            self.send(method, path, operation, **options)
        content = json.loads(raised.value.read())
        raised.value.close()
        return raised.value.code, content["RemoteException"]["exception"]


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def jvm(s3: FakeS3) -> Iterator[Jvm]:
    handler = type("Handler", (s3_gateway._Handler,), {"buckets": s3_gateway.Buckets(s3)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Jvm(server.server_address[1])
    server.shutdown()
    server.server_close()


def test_objects_are_files_and_their_prefixes_folders(jvm: Jvm, s3: FakeS3) -> None:
    s3.objects = {"in/a.csv": b"1", "in/deep/b.csv": b"22", "other": b""}
    assert jvm.kinds("") == {"in": "DIRECTORY", "other": "FILE"}
    assert jvm.kinds("in") == {"a.csv": "FILE", "deep": "DIRECTORY"}
    status = jvm.send("GET", "in/deep/b.csv", "GETFILESTATUS")["FileStatus"]
    assert (status["type"], status["length"], status["pathSuffix"]) == ("FILE", 2, "")
    assert jvm.error("GET", "in/absent", "GETFILESTATUS") == (404, "FileNotFoundException")


def test_a_part_of_an_object_is_read(jvm: Jvm, s3: FakeS3) -> None:
    s3.objects = {"a": b"0123456789"}
    assert jvm.send("GET", "a", "OPEN", offset="2", length="3") == b"234"
    assert jvm.send("GET", "a", "OPEN", offset="8") == b"89"
    assert jvm.send("GET", "a", "OPEN", offset="10") == b""
    located = jvm.send("GET", "a", "GET_BLOCK_LOCATIONS")["LocatedBlocks"]
    assert located["fileLength"] == 10


def test_names_with_spaces_and_other_letters(jvm: Jvm, s3: FakeS3) -> None:
    jvm.write("a%20b/%C3%BC", b"text")
    assert s3.objects == {"a b/ü": b"text"}


def test_a_file_is_written_moved_and_removed(jvm: Jvm, s3: FakeS3) -> None:
    assert jvm.send("PUT", "out/_temporary/0", "MKDIRS") == {"boolean": True}
    assert jvm.kinds("out") == {"_temporary": "DIRECTORY"}
    jvm.write("out/_temporary/0/part", b"content", overwrite="false")
    moved = jvm.send("PUT", "out/_temporary/0/part", "RENAME", destination="/out/part")
    assert moved == {"boolean": True}
    assert s3.objects == {"out/part": b"content"}
    assert jvm.send("DELETE", "out/_temporary", "DELETE", recursive="true") == {"boolean": True}
    assert jvm.kinds("out") == {"part": "FILE"}
    assert jvm.send("DELETE", "out/absent", "DELETE") == {"boolean": False}


def test_a_folder_is_moved_into_one_that_exists(jvm: Jvm, s3: FakeS3) -> None:
    s3.objects = {"a/1": b"1", "a/deep/2": b"2", "ab": b"3", "target/x": b"4"}
    jvm.send("PUT", "a", "RENAME", destination="/target")
    assert s3.objects == {"target/a/1": b"1", "target/a/deep/2": b"2", "ab": b"3", "target/x": b"4"}
    assert jvm.send("PUT", "absent", "RENAME", destination="/b") == {"boolean": False}


def test_errors_reach_the_jvm_as_its_own(jvm: Jvm, s3: FakeS3) -> None:
    s3.objects, s3.denied = {"a": b"", "secret": b""}, "secret"
    assert jvm.error("GET", "secret", "GETFILESTATUS") == (403, "AccessControlException")
    options = {"data": "true", "overwrite": "false"}
    assert jvm.error("PUT", "a", "CREATE", **options) == (403, "FileAlreadyExistsException")
    assert jvm.error("POST", "a", "APPEND") == (400, "UnsupportedOperationException")
