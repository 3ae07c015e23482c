"""SageMaker projects, from templates in S3 and from Service Catalog products."""
