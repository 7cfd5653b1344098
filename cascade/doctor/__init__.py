"""The doctor before training: looks at positives, negatives and parameters, and says what would go wrong."""
