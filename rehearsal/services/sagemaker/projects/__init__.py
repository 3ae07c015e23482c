"""SageMaker projects."""
