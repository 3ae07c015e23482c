"""The action providers of CodePipeline."""
