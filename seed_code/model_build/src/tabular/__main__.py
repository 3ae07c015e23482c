"""The image's entry point: SageMaker starts the image with `train` or `serve`."""

import sys


def main() -> None:
    """Does what the first argument says. Each part is imported only where it is needed."""
    match sys.argv[1:2]:
        case ["train"]:
            from tabular import train

            train.main()
        case ["serve"]:
            from tabular import serve

            serve.main()
        case _:
            sys.exit(f"got {sys.argv[1:]}; allowed: train, serve")


if __name__ == "__main__":
    main()
