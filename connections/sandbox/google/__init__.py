"""How Google signs, and what it tells apps; the company itself is a personality."""
