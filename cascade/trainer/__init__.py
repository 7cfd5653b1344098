"""Our own cascade trainer: features, boosting, stages and the mining of negatives, in Numba."""
