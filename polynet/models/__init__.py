"""Networks and their parts. `polynet.models.index` lists the names; each module registers its own when imported."""
