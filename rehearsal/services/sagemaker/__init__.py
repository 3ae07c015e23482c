"""SageMaker's control plane and runtime: botocore's `sagemaker` and `sagemaker-runtime`."""
