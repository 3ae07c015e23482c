"""The container contract of endpoints and batch transform jobs: `GET /ping`, `POST /invocations`.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""
