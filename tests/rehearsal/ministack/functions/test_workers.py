"""Functions have the files, limits and errors that AWS documents for Lambda.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html and
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import base64
import json
import platform
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.conftest import running_server
from tests.rehearsal.ministack.functions.conftest import Invoke, archive_of

READ = """
import os, pwd, sys

def handler(event, context):
    writable = []
    for place in ("/", "/var/task", "/opt", "/var/runtime", "/root", "/run", "/var/tmp", "/tmp"):
        try:
            open(os.path.join(place, "probe"), "w").close()
            writable.append(place)
        except OSError:
            pass
    found = os.statvfs("/tmp")
    return {
        "writable": writable,
        "user": [os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name],
        "directory": os.getcwd(),
        "storage": found.f_blocks * found.f_frsize >> 20,
        "modules": [m for m in ("boto3", "sagemaker", "ministack", "rehearsal", "yaml")
                    if __import__("importlib").util.find_spec(m)],
        "path": sys.path[:3],
        "home": os.environ.get("HOME"),
        "remaining": context.get_remaining_time_in_millis(),
    }
"""
OUTPUT_OF_A_NODE = "exports.handler = async (e) => ({ id: process.getuid(), sum: e.a + 1 });"


@pytest.fixture(scope="module")
def seen(aws: Any, function_role: str) -> dict[str, Any]:
    """The files, the user and the limits of a function."""
    client = aws.client("lambda", read_timeout=120)
    client.create_function(
        FunctionName="sees",
        Role=function_role,
        Code={"ZipFile": archive_of({"index.py": READ})},
        Runtime="python3.11",
        Handler="index.handler",
        Timeout=30,
        EphemeralStorage={"Size": 600},
    )
    response = client.invoke(FunctionName="sees")
    found: dict[str, Any] = json.loads(response["Payload"].read())
    assert "FunctionError" not in response, found
    return found


def test_a_function_can_write_its_temporary_folder_alone(seen: dict[str, Any]) -> None:
    assert seen["writable"] == ["/tmp"]  # noqa: S108
    assert seen["storage"] == 600


def test_a_function_is_the_user_of_lambda_in_the_folder_of_its_code(seen: dict[str, Any]) -> None:
    assert seen["user"] == [993, 990, "sbx_user1051"]
    assert (seen["directory"], seen["home"]) == ("/var/task", None)


def test_a_python_function_has_the_sdk_and_no_package_of_the_server(seen: dict[str, Any]) -> None:
    assert seen["modules"] == ["boto3"]
    assert seen["path"][0] == "/var/task"


def test_a_function_knows_its_remaining_time(seen: dict[str, Any]) -> None:
    assert 20_000 < seen["remaining"] <= 30_000


def test_a_function_that_fills_its_temporary_folder_gets_an_error(invoke: Invoke) -> None:
    response, payload = invoke(
        "def handler(event, context):\n"
        "    with open('/tmp/full', 'wb') as f:\n"
        "        for _ in range(520): f.write(bytes(1 << 20))\n"
    )
    assert response["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "OSError"
    assert "No space left on device" in payload["errorMessage"]


def test_a_function_that_needs_more_than_its_memory_is_killed(invoke: Invoke) -> None:
    response, payload = invoke(
        "import time\n"
        "def handler(event, context):\n"
        "    kept = [bytearray(b'x' * (8 << 20)) for _ in range(40)]\n"
        "    time.sleep(20)\n",
        MemorySize=128,
    )
    assert response["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")


def test_a_function_that_exits_reports_its_exit_status(invoke: Invoke) -> None:
    _, payload = invoke("import os\ndef handler(event, context): os._exit(3)\n")
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")


def test_a_function_that_takes_too_long_is_stopped(invoke: Invoke) -> None:
    _, payload = invoke("import time\ndef handler(event, context): time.sleep(60)\n", Timeout=1)
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_an_initialization_that_never_ends_is_stopped(invoke: Invoke) -> None:
    _, payload = invoke("import time\ntime.sleep(600)\ndef handler(e, c): pass\n", Timeout=1)
    assert payload["errorType"] == "Sandbox.Timedout"


def test_an_exception_has_its_type_and_its_trace(invoke: Invoke) -> None:
    response, payload = invoke(
        "class Wrong(ValueError): pass\ndef handler(event, context): raise Wrong('no: 1')\n"
    )
    assert response["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("Wrong", "no: 1")
    assert payload["requestId"]
    assert any("index.py" in line for line in payload["stackTrace"])


def test_a_module_that_cannot_be_imported_is_named(invoke: Invoke) -> None:
    _, payload = invoke("import absent_module\ndef handler(event, context): pass\n")
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "absent_module" in payload["errorMessage"]


def test_the_log_has_what_a_function_prints(invoke: Invoke) -> None:
    response, _ = invoke("def handler(event, context): print('from the function')\n")
    assert "from the function" in base64.b64decode(response["LogResult"]).decode()


def test_a_long_log_and_a_long_line_keep_the_last_lines_and_the_result(invoke: Invoke) -> None:
    response, payload = invoke(
        "def handler(event, context):\n"
        "    for number in range(20_000): print(number)\n"
        "    print('x' * (3 << 20))\n"
        "    print('the end')\n"
        "    return 'y' * (1 << 20)\n"
    )
    assert "FunctionError" not in response
    assert len(payload) == 1 << 20
    assert "the end" in base64.b64decode(response["LogResult"]).decode()


def test_a_layer_is_at_opt_and_comes_before_the_runtime(aws: Any, invoke: Invoke) -> None:
    content = archive_of({"python/boto3.py": "layer = 'mine'", "data/value": "7"})
    layer = aws.client("lambda").publish_layer_version(
        LayerName="mine", Content={"ZipFile": content}
    )
    _, payload = invoke(
        "import boto3\n"
        "def handler(event, context): return [boto3.layer, open('/opt/data/value').read()]\n",
        Layers=[layer["LayerVersionArn"]],
    )
    assert payload == ["mine", "7"]


def test_a_second_invocation_uses_the_same_environment(aws: Any, function_role: str) -> None:
    client = aws.client("lambda", read_timeout=120)
    code = "count = []\ndef handler(event, context):\n    count.append(1)\n    return len(count)\n"
    client.create_function(
        FunctionName="warm",
        Role=function_role,
        Code={"ZipFile": archive_of({"index.py": code})},
        Runtime="python3.11",
        Handler="index.handler",
        Timeout=30,
    )
    counts = [client.invoke(FunctionName="warm")["Payload"].read() for _ in range(3)]
    assert counts == [b"1", b"2", b"3"]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js; 2026-11-30")
def test_a_node_function_runs_as_the_user_of_lambda(invoke: Invoke) -> None:
    _, payload = invoke({"index.js": OUTPUT_OF_A_NODE}, Runtime="nodejs22.x", event={"a": 1})
    assert payload == {"id": 993, "sum": 2}


def test_a_custom_runtime_serves_by_the_runtime_api(invoke: Invoke) -> None:
    bootstrap = (
        "#!/usr/bin/env python3\n"
        "import json, os, urllib.request\n"
        "api = f\"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation\"\n"
        "while True:\n"
        "    with urllib.request.urlopen(f'{api}/next') as event:\n"
        "        found = json.load(event); key = event.headers['Lambda-Runtime-Aws-Request-Id']\n"
        "    body = json.dumps([found['a'], os.getuid(), os.path.exists('/etc/shadow')]).encode()\n"
        "    urllib.request.urlopen(f'{api}/{key}/response', data=body)\n"
    )
    _, payload = invoke({"bootstrap": bootstrap}, Runtime="provided.al2023", event={"a": 5})
    assert payload == [5, 993, False]


def test_a_runtime_that_is_not_supported_is_named(invoke: Invoke) -> None:
    response, payload = invoke({"A.class": "x"}, Runtime="java21", Handler="A::handle")
    assert response["FunctionError"] == "Unhandled"
    assert "does not run functions of java21" in payload["errorMessage"]


def test_a_package_for_another_architecture_is_rejected(invoke: Invoke) -> None:
    machine, other = (183, "arm64") if platform.machine() == "x86_64" else (62, "x86_64")
    library = b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 3, machine)
    files: dict[str, str | bytes] = {"index.py": "def handler(e, c): pass", "native.so": library}
    _, payload = invoke(files)
    assert payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert f"native.so is a binary for {other}" in payload["errorMessage"]


def test_a_function_cannot_make_the_server_connect_to_an_address(invoke: Invoke) -> None:
    variables = {"MINISTACK_LAMBDA_PROXY_URL": "http://127.0.0.1:1/", "AWS_LAMBDA_PROXY_URL": "x"}
    _, payload = invoke(
        "def handler(event, context): return 'here'\n", Environment={"Variables": variables}
    )
    assert payload == "here"


def test_a_function_runs_from_a_state_directory_with_blanks_and_other_characters(
    tmp_path: Path,
) -> None:
    state = tmp_path / "pfad mit ü und leer"
    with running_server(state, ("rehearsal.services.budgets:Budgets",)) as aws:
        role = aws.role("blanks", {"Service": "lambda.amazonaws.com"})
        client = aws.client("lambda", read_timeout=120)
        code = "import boto3\ndef handler(e, c): return boto3.client('sts').get_caller_identity()\n"
        client.create_function(
            FunctionName="blanks",
            Role=role,
            Code={"ZipFile": archive_of({"index.py": code})},
            Runtime="python3.11",
            Handler="index.handler",
            Timeout=60,
        )
        response = client.invoke(FunctionName="blanks")
        assert "FunctionError" not in response, response["Payload"].read()
