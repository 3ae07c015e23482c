"""Trainings of XGBoost that report their progress and continue after an interruption."""
