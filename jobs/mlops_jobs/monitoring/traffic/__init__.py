"""Captured traffic: its files, requests, predictions and ground truth labels."""
