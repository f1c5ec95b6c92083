"""What training needs of MegEngine: optimisers, recording, lower precision, and the state of the generator."""
