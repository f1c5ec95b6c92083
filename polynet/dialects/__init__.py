"""Dialects: the names under which other libraries' programs look for what PolyNet has.

A program written for one of them runs after `polynet.dialects.` is put before the library's name in its imports:
`from polynet.dialects.scepter.modules.model.registry import BACKBONES`. Importing a dialect imports no framework.
"""
