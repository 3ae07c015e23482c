"""The SageMaker Pipeline of this project: its definition and the train build that runs it."""
