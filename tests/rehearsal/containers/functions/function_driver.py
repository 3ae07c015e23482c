"""Starts a function in its container; prints its exit code and its log as JSON.

It is a separate program, so that another user can run it, with any Python that this user may run.
"""

# ruff: noqa: E402  # the modules are found by the first argument
import json
import sys
from pathlib import Path

sys.path[:0] = sys.argv[1].split(":")

from rehearsal.containers.functions import sandbox
from rehearsal.containers.functions.environment import environment_of


def main() -> None:
    folder, gateway = Path(sys.argv[2]), sys.argv[3]
    configuration = {
        "FunctionName": "attacks",
        "Runtime": "provided.al2023",
        "Handler": "index.handler",
        "MemorySize": 1024,
    }
    lines: list[str] = []
    process = sandbox.start(
        configuration,
        code=folder / "code",
        layers=folder / "layers",
        environment=environment_of(
            configuration,
            region="us-east-1",
            reaching_aws={
                "AWS_ENDPOINT_URL": gateway,
                "AWS_CA_BUNDLE": str(folder / "ca-bundle.pem"),
            },
        ),
        program=None,
        log=lines.append,
    )
    code = process.wait()
    print(json.dumps([code, lines]))  # noqa: T201  # the output of a program


if __name__ == "__main__":
    main()
