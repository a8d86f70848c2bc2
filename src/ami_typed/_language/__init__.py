"""What the public modules about messages are made of, in modules that are loaded when they are needed."""
