"""The environment variables of a Lambda function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import datetime
import secrets
from collections.abc import Mapping
from typing import Any

TASK, RUNTIME, LAYERS = "/var/task", "/var/runtime", "/opt"
"""The folders of the code, the runtime and the layers."""
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
"""The variables that a function cannot set."""
DEFAULT_TIMEOUT = 3
"""Seconds."""
MIN_MEMORY = 128
MIN_STORAGE = 512
_LIBRARIES = ("/lib64", "/usr/lib64", RUNTIME, f"{RUNTIME}/lib", TASK, f"{TASK}/lib", "/opt/lib")
_NODE_MODULES = ("/opt/nodejs/node_modules", f"{RUNTIME}/node_modules", RUNTIME, TASK)


def environment_of(
    configuration: Mapping[str, Any], *, region: str, reaching_aws: Mapping[str, str]
) -> dict[str, str]:
    """Returns the variables of a function.

    Args:
        configuration: the function, as in GetFunctionConfiguration.
        region: the region of the function.
        reaching_aws: the keys of the role's session, and the address of the local AWS.
    """
    name, runtime = configuration["FunctionName"], configuration.get("Runtime", "")
    version = configuration.get("Version", "$LATEST")
    logging = configuration.get("LoggingConfig") or {}
    today = datetime.datetime.now(datetime.UTC)
    variables = {
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": ":".join(_LIBRARIES),
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
    }
    if runtime.startswith("python"):
        variables["PYTHONPATH"] = RUNTIME
    elif runtime.startswith("nodejs"):
        major = runtime.removeprefix("nodejs").partition(".")[0]
        variables["NODE_PATH"] = ":".join((f"/opt/nodejs/node{major}/node_modules", *_NODE_MODULES))
    given = (configuration.get("Environment") or {}).get("Variables") or {}
    variables |= {key: value for key, value in given.items() if key not in RESERVED}
    variables |= reaching_aws
    return variables | {
        "_HANDLER": configuration.get("Handler", ""),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_of(configuration)),
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today:%Y/%m/%d}/[{version}]{secrets.token_hex(16)}",
        "LAMBDA_TASK_ROOT": TASK,
        "LAMBDA_RUNTIME_DIR": RUNTIME,
    }


def memory_of(configuration: Mapping[str, Any]) -> int:
    """Returns the memory of a function in MiB."""
    return int(configuration.get("MemorySize") or MIN_MEMORY)


def storage_of(configuration: Mapping[str, Any]) -> int:
    """Returns the size of /tmp of a function in MiB."""
    return int((configuration.get("EphemeralStorage") or {}).get("Size") or MIN_STORAGE)
