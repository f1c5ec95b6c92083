"""What training needs of torch: optimisers, lower precision, and the state of the generators."""
