"""Entry point of the image.

SageMaker starts the image with `train` or `serve`, monitoring jobs start it with `monitor`, and
feature ingestion starts it with `ingest`.
"""

import os
import sys


def main() -> None:
    """Runs the command of the first argument; each command imports only its own modules."""
    match sys.argv[1:2]:
        case ["train"]:
            from tabular import train

            train.main()
        case ["serve"]:
            from tabular import serve

            serve.main()
        case ["monitor"]:
            from tabular import monitor

            monitor.main(sys.argv[2:])
        case ["ingest"]:
            from mlops_jobs.ingestion import job

            job.main(sys.argv[2:])
        # Model Monitor starts the image for bias and explainability without arguments.
        case [] if "sagemaker_monitoring_schedule_name" in os.environ:
            from tabular import monitor

            monitor.main([])
        case _:
            sys.exit(f"got {sys.argv[1:]}; allowed: train, serve, monitor, ingest")


if __name__ == "__main__":
    main()
