"""State machines of Step Functions, which act with their roles."""
