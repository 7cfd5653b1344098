"""What the run of any step needs: checked parameters, whole files, a record, progress, reported skips.

The lowest room of the house: it imports nothing of ours, and `cascade/`, `cnn/`, `tasks/` and `flows/` may import it.
"""
