"""The engine of CodePipeline, which runs executions (engine.py) stage by stage."""
