"""S3 for Hadoop: WebHDFS requests of a JVM in the container, served by boto3.

Spark's package has the client of WebHDFS and no client of S3. `fs.s3.impl` and `fs.s3a.impl` name
it, and this gateway is the HTTP proxy of the JVM, so that the bucket of a URI needs no address.

Source: https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
"""

import contextlib
import json
import os
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any

_PREFIX = "/webhdfs/v1"
_BLOCK = 128 * 1024 * 1024
_PIECE = 1024 * 1024
_MAX_DELETED = 1000
_NOT_FOUND = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
_JAVA = {
    "FileNotFoundException": ("java.io.FileNotFoundException", 404),
    "AccessControlException": ("org.apache.hadoop.security.AccessControlException", 403),
    "FileAlreadyExistsException": ("org.apache.hadoop.fs.FileAlreadyExistsException", 403),
    "UnsupportedOperationException": ("java.lang.UnsupportedOperationException", 400),
    "IOException": ("java.io.IOException", 403),
}


class GatewayError(Exception):
    """An error that the client of WebHDFS raises in the JVM: its Java class and the reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Buckets:
    """Objects as files; folders are the prefixes of objects, and those that were made.

    Args:
        client: a client of S3.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._folders: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def status(self, bucket: str, key: str, suffix: str = "") -> dict[str, Any]:
        """Returns the status of a file or folder.

        Raises:
            GatewayError: it was not found.
        """
        if key:
            try:
                found = self._client.head_object(Bucket=bucket, Key=key)
                return _file(suffix, found["ContentLength"], found["LastModified"])
            except self._client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_FOUND:
                    raise
        prefix = f"{key}/" if key else ""
        listed = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        if listed.get("KeyCount") or not key or self._has_folder(bucket, key):
            return _folder(suffix)
        raise GatewayError("FileNotFoundException", f"No such file or directory: {bucket}/{key}")

    def children(self, bucket: str, key: str) -> list[dict[str, Any]]:
        """Returns the status of the entries of a folder, or of a file.

        Raises:
            GatewayError: there is no such folder or file.
        """
        status = self.status(bucket, key)
        if status["type"] == "FILE":
            return [status]
        prefix = f"{key}/" if key else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/"
        )
        found: dict[str, dict[str, Any]] = {}
        for page in pages:
            for one in page.get("Contents", ()):
                name = one["Key"].removeprefix(prefix)
                if name:  # not the marker of the folder
                    found[name] = _file(name, one["Size"], one["LastModified"])
            for one in page.get("CommonPrefixes", ()):
                name = one["Prefix"].removeprefix(prefix).rstrip("/")
                found[name] = _folder(name)
        with self._lock:
            for where, folder in self._folders:
                parent, _, name = folder.rpartition("/")
                if (where, parent) == (bucket, key):
                    found.setdefault(name, _folder(name))
        return [found[name] for name in sorted(found)]

    def make_folder(self, bucket: str, key: str) -> None:
        """Remembers a folder, and those above it; S3 has none."""
        with self._lock:
            while key:
                self._folders.add((bucket, key))
                key = key.rpartition("/")[0]

    def read(self, bucket: str, key: str, first: int, length: int | None) -> Any:
        """Returns the stream of a part of an object, and its length."""
        size = self.status(bucket, key)["length"]
        end = size if length is None else min(size, first + length)
        if first >= end:
            return None, 0
        span = f"bytes={first}-{end - 1}"
        return self._client.get_object(Bucket=bucket, Key=key, Range=span)["Body"], end - first

    def write(self, bucket: str, key: str, content: IO[bytes], *, overwrite: bool) -> None:
        """Writes an object.

        Raises:
            GatewayError: it exists and must not be overwritten.
        """
        if not overwrite:
            with contextlib.suppress(GatewayError):
                self.status(bucket, key)
                raise FileExistsError(key)
        self._client.upload_fileobj(content, bucket, key)

    def delete(self, bucket: str, key: str) -> bool:
        """Removes a file, or a folder with all that it holds; returns False without one."""
        keys = list(self._below(bucket, key))
        for first in range(0, len(keys), _MAX_DELETED):
            objects = [{"Key": one} for one in keys[first : first + _MAX_DELETED]]
            found = self._client.delete_objects(Bucket=bucket, Delete={"Objects": objects})
            if found.get("Errors"):
                first_error = found["Errors"][0]
                kind = "AccessControlException"
                raise GatewayError(kind, f"{first_error['Key']}: {first_error['Message']}")
        return bool(keys) | self._forget(bucket, key)

    def rename(self, bucket: str, key: str, target: str) -> bool:
        """Moves a file or folder, into the target if that is a folder; False without a source."""
        with contextlib.suppress(GatewayError):
            if self.status(bucket, target)["type"] == "DIRECTORY":
                target = f"{target}/{key.rpartition('/')[2]}".lstrip("/")
        keys = list(self._below(bucket, key))
        for one in keys:
            source = {"Bucket": bucket, "Key": one}
            self._client.copy(source, bucket, target + one.removeprefix(key))
        if keys:
            self.delete(bucket, key)
        elif self._forget(bucket, key):
            self.make_folder(bucket, target)
        else:
            return False
        return True

    def _below(self, bucket: str, key: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for one in page.get("Contents", ()):
                if one["Key"] == key or one["Key"].startswith(f"{key}/"):
                    yield one["Key"]

    def _has_folder(self, bucket: str, key: str) -> bool:
        with self._lock:
            return (bucket, key) in self._folders

    def _forget(self, bucket: str, key: str) -> bool:
        with self._lock:
            gone = {
                (where, folder)
                for where, folder in self._folders
                if where == bucket and (folder == key or folder.startswith(f"{key}/"))
            }
            self._folders -= gone
        return bool(gone)


def _file(name: str, size: int, modified: Any) -> dict[str, Any]:
    moment = int(modified.timestamp() * 1000)
    facts = {"type": "FILE", "length": size, "blockSize": _BLOCK, "modificationTime": moment}
    return {**_folder(name), **facts, "permission": "644", "replication": 1}


def _folder(name: str) -> dict[str, Any]:
    return {
        "type": "DIRECTORY",
        "pathSuffix": name,
        "length": 0,
        "blockSize": 0,
        "modificationTime": 0,
        "accessTime": 0,
        "owner": "root",
        "group": "root",
        "permission": "755",
        "replication": 0,
    }


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """Serves in this process and yields the port, which only this container reaches."""
    import boto3

    client = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    handler = type("Handler", (_Handler,), {"buckets": Buckets(client)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """Requests of the JVM, which sends the whole URL, as to a proxy."""

    protocol_version = "HTTP/1.1"
    buckets: Buckets

    def _run(self) -> None:
        try:
            self._dispatch()
        except GatewayError as error:
            self._fail(error.kind, str(error))
        except FileExistsError as error:
            self._fail("FileAlreadyExistsException", str(error))
        except Exception as error:  # any error of S3 must reach the JVM
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
            denied = code in ("AccessDenied", "403")
            kind = "AccessControlException" if denied else "IOException"
            self._fail("FileNotFoundException" if code in _NOT_FOUND else kind, str(error))

    do_GET = do_PUT = do_POST = do_DELETE = _run  # noqa: N815  # names of the base class

    def _dispatch(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        self._options = dict(urllib.parse.parse_qsl(url.query))
        self._bucket = url.hostname or ""
        self._key = _key(url.path)
        operation = self._options.get("op", "").upper()
        handler = getattr(self, f"_{operation.lower()}", None)
        if handler is None:
            raise GatewayError(
                "UnsupportedOperationException",
                f"{operation} is not supported for s3:// in the stand-in of the rehearsal",
            )
        handler()

    def _getfilestatus(self) -> None:
        self._reply({"FileStatus": self.buckets.status(self._bucket, self._key)})

    def _liststatus(self) -> None:
        found = self.buckets.children(self._bucket, self._key)
        self._reply({"FileStatuses": {"FileStatus": found}})

    def _get_block_locations(self) -> None:
        size = self.buckets.status(self._bucket, self._key)["length"]
        block = {"blockId": 1, "blockPoolId": "s3", "generationStamp": 1, "numBytes": size}
        located: dict[str, Any] = {
            "block": block,
            "blockToken": None,
            "isCorrupt": False,
            "locations": [],
            "cachedLocations": [],
            "startOffset": 0,
        }
        self._reply(
            {
                "LocatedBlocks": {
                    "fileLength": size,
                    "isUnderConstruction": False,
                    "isLastBlockComplete": True,
                    "locatedBlocks": [located],
                    "lastLocatedBlock": located,
                }
            }
        )

    def _mkdirs(self) -> None:
        self.buckets.make_folder(self._bucket, self._key)
        self._reply({"boolean": True})

    def _delete(self) -> None:
        self._reply({"boolean": self.buckets.delete(self._bucket, self._key)})

    def _rename(self) -> None:
        target = _key(urllib.parse.quote(self._options["destination"]))
        self._reply({"boolean": self.buckets.rename(self._bucket, self._key, target)})

    def _setpermission(self) -> None:
        self._reply({})  # objects have none

    def _gethomedirectory(self) -> None:
        self._reply({"Path": "/"})

    def _open(self) -> None:
        first, length = int(self._options.get("offset", 0)), self._options.get("length")
        stream, size = self.buckets.read(
            self._bucket, self._key, first, None if length is None else int(length)
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        while stream is not None and (piece := stream.read(_PIECE)):
            self.wfile.write(piece)

    def _create(self) -> None:
        if "data" not in self._options:
            # The client of WebHDFS sends the content to the location of a redirect only.
            self.send_response(307)
            self.send_header("Location", f"{self.path}&data=true")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with tempfile.TemporaryFile() as file:
            for piece in self._pieces():
                file.write(piece)
            file.seek(0)
            overwrite = self._options.get("overwrite", "true").lower() == "true"
            self.buckets.write(self._bucket, self._key, file, overwrite=overwrite)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _pieces(self) -> Iterator[bytes]:
        """Yields the body of a request."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _fail(self, kind: str, reason: str) -> None:
        name, status = _JAVA[kind]
        error = {"exception": kind, "javaClassName": name, "message": reason}
        self._reply({"RemoteException": error}, status)

    def _reply(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Logs nothing: Spark reports what fails."""


def _key(path: str) -> str:
    return urllib.parse.unquote(path).removeprefix(_PREFIX).strip("/")
