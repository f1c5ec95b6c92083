"""Hooks that ship: one a file, found by name through `polynet.train.registry.HOOKS`."""
