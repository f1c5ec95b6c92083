"""Backbones: networks that give features."""
