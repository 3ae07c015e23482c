"""Monitors of captured traffic: data quality, model quality, bias and feature attribution.

They implement the container contract of SageMaker Model Monitor, so the image runs in a monitoring
schedule as well as in a separate processing job.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-containers.html
"""
