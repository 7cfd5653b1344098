"""What a training will need: positives, negative windows, memory, time."""
