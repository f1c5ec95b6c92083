"""Losses: modules from predictions and targets to a number that is to fall."""
