"""What the documents of the five systems promise, and which tests hold it: `python -m tests.checklist`."""
