"""What layers' options must be: one rule a layer, the same on every framework.

A rule is a function with the layer's signature after `owner`, the layer's name for messages. It raises `OptionError`
and returns nothing. What it takes as `**_` are torch's options for where tensors lie, and those torch has deprecated:
they are for the framework to judge.
"""

from __future__ import annotations

from collections.abc import Callable

Rule = Callable[..., None]
"""A rule: called with the layer's name and all that the layer is made with."""
