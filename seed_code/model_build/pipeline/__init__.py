"""The SageMaker Pipeline of this project: what it is, and how the train build runs it."""
