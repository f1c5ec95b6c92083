import pytest

# Helpers that assert: failures in them should show values, as those in test files do.
pytest.register_assert_rewrite("tests.compare", "tests.nn.layer_case")
