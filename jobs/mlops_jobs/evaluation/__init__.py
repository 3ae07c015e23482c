"""Model quality: metrics as Model Monitor names them, intervals, comparison and reports."""
