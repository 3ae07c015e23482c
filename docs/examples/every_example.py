"""All examples as one CDK app.

```bash
cdk deploy --app "python docs/examples/every_example.py" Stores SERVERLESS_EXAMPLE
cdk list   --app "python docs/examples/every_example.py"
```

Each file in a subfolder defines one stack, named as the file in CamelCase.
"""

import importlib.util
import inspect
import os
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from stores import Stores

from mlops_constructs.validation import SageMakerChecks

FOLDER = Path(__file__).parent


def example_files() -> list[Path]:
    """The files of the examples, in a fixed order."""
    return sorted(path for path in FOLDER.glob("*/*.py") if path.parent.name != "image")


def stack_name(file: Path) -> str:
    """The name of the stack that a file defines."""
    return "".join(word.capitalize() for word in file.stem.split("_"))


def stack_class(file: Path) -> type[cdk.Stack]:
    """The stack that a file defines."""
    # Folders are named for areas, as other packages may be; so files are loaded by their path.
    name = f"examples.{file.parent.name}.{file.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    found: type[cdk.Stack] = getattr(sys.modules[name], stack_name(file))
    return found


def define(app: cdk.App, file: Path, stores: Stores, **options: Any) -> cdk.Stack:
    """Defines the stack of a file beside the stores that it may use."""
    stack = stack_class(file)
    if "stores" in inspect.signature(stack.__init__).parameters:
        options["stores"] = stores
    return stack(app, stack_name(file), **options)


def main() -> None:
    """Defines everything for the account and region that the CDK CLI found."""
    app = cdk.App()
    place = cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    )
    stores = Stores(app, "Stores", env=place)
    for file in example_files():
        define(app, file, stores, env=place)
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    app.synth()


if __name__ == "__main__":
    main()
