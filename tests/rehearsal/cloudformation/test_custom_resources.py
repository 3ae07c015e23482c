"""Custom resources whose function connects to the host of its ResponseURL, without the port."""

from typing import Any

import pytest

PYTHON = """
import http.client, json, urllib.parse

def handler(event, context):
    url = urllib.parse.urlparse(event["ResponseURL"])
    body = json.dumps({
        "Status": "SUCCESS", "PhysicalResourceId": "made", "StackId": event["StackId"],
        "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Value": "python"},
    })
    connection = http.client.HTTPSConnection(url.hostname)
    connection.request("PUT", url.path + "?" + url.query, body)
    print(connection.getresponse().status)
"""
NODE = """
const https = require("https");
exports.handler = (event) => new Promise((resolve, reject) => {
  const url = new URL(event.ResponseURL);
  const body = JSON.stringify({
    Status: "SUCCESS", PhysicalResourceId: "made", StackId: event.StackId,
    RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId,
    Data: { Value: "node" },
  });
  const request = https.request(
    { hostname: url.hostname, port: 443, path: url.pathname + url.search, method: "PUT" },
    (response) => { response.resume(); resolve(); });
  request.on("error", reject);
  request.end(body);
});
"""


@pytest.mark.parametrize(
    ("runtime", "code", "expected"),
    [("python3.12", PYTHON, "python"), ("nodejs22.x", NODE, "node")],
)
def test_a_response_to_the_host_alone_arrives(
    aws: Any, runtime: str, code: str, expected: str
) -> None:
    name = f"host-alone-{expected}"
    role = aws.role(name, {"Service": "lambda.amazonaws.com"})
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Role": role,
            "Runtime": runtime,
            "Handler": "index.handler",
            "Code": {"ZipFile": code},
        },
    }
    custom = {
        "Type": "Custom::HostAlone",
        "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
    }
    outputs = {"Made": {"Value": {"Fn::GetAtt": ["Custom", "Value"]}}}
    stack = aws.deploy(name, {"Function": function, "Custom": custom}, outputs=outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    assert stack["Outputs"][0]["OutputValue"] == expected
