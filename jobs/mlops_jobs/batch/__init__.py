"""Files of batch transform jobs: their records, parts, predictions and reports."""
