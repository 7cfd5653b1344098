"""How good a cascade is: what it finds on scenes with known boxes, what that costs, and the page that tells it."""
