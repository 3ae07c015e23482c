"""AWS CDK constructs for MLOps on Amazon SageMaker.

Import from an area: `from mlops_constructs.hosting import Endpoint`.
"""
