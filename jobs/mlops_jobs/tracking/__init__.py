"""Experiments: the runs of a training pipeline in an MLflow App of SageMaker."""
