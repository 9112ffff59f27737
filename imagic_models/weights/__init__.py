"""The shipped weights: one float16 .npz per preset and index.json that says what they are."""
