"""Monitors of captured traffic: data quality, model quality, bias and feature attribution.

They keep the contract of the containers of SageMaker Model Monitor, so that the image runs under a
monitoring schedule as well as in a processing job of its own:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-containers.html
"""
