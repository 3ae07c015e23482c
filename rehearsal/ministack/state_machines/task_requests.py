"""The request of an aws-sdk task of Step Functions, signed by the role of its state machine."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SigningCredentials

from rehearsal.framework.platform import Credentials

_DENIALS = re.compile(rb"AccessDenied|AuthorizationError|UnauthorizedOperation")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_MESSAGE = re.compile(rb"<Message>(.*?)</Message>", re.DOTALL)
_REPLACED = ("authorization", "host", "content-length")


@dataclass(frozen=True)
class TaskRequest:
    """A request of ministack to a service; its `authorization` names the service only."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | str
    query: Mapping[str, Any]
    region: str

    def signed(self, endpoint_url: str, credentials: Credentials) -> Any:
        """Returns the request to the gateway with a signature (version 4).

        Raises:
            ValueError: the request names no service.
        """
        scope = _SCOPE.search(self.headers.get("authorization", ""))
        if scope is None:
            raise ValueError(f"{self.method} {self.path} names no service to sign for")
        service = scope[1]
        # The keys of S3 come as they are; other paths come quoted.
        url = endpoint_url + (quote(self.path, safe="/~") if service == "s3" else self.path)
        if self.query:
            url += "?" + urlencode(dict(self.query), doseq=True, quote_via=quote)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _REPLACED}
        body = self.body.encode() if isinstance(self.body, str) else self.body
        request = AWSRequest(method=self.method, url=url, data=body, headers=headers)
        keys = SigningCredentials(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        )
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(keys, service, self.region).add_auth(request)
        return request


def denial_message(status: int, content: bytes) -> str | None:
    """Returns the message of a response in which IAM denies, or None for any other response.

    HEAD of S3 has no body: its status 403 is the denial.
    """
    if status == 403 and not content:
        return "Forbidden (the response has no message)"
    if status < 400 or not _DENIALS.search(content):
        return None
    in_xml = _MESSAGE.search(content)
    if in_xml:
        return in_xml[1].decode("utf-8", "replace")
    try:
        found = json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
    return str(found.get("message") or found.get("Message") or found)
