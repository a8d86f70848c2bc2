"""What `Pbx` and `AsyncPbx` share, and what threads and tasks do differently."""
