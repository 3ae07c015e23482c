"""AWS clients of functions of Node.js in other regions than that of the function."""

import shutil

import pytest

from tests.rehearsal.ministack.functions.conftest import Invoke

# The role has no permission, so the error names the resource, and with it the region.
FUNCTION = """
const { SSM, SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const parameter = { Name: "/greeting", Value: "hello", Type: "String" };
const reason = (call) => call.then(() => "done", (error) => error.message);
exports.handler = async () => [
  await reason(new SSM({ region: "eu-west-1" }).putParameter(parameter)),
  await reason(new SSMClient({ region: "eu-west-1" }).send(new PutParameterCommand(parameter))),
  await reason(new SSM({}).putParameter(parameter)),
];
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js; 2026-11-30")
def test_a_client_calls_the_region_of_its_configuration(invoke: Invoke) -> None:
    _, payload = invoke({"index.js": FUNCTION}, Runtime="nodejs22.x")

    bare, command, own = payload
    assert "ssm:eu-west-1:" in bare
    assert "ssm:eu-west-1:" in command
    assert "ssm:us-east-1:" in own
