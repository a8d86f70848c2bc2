"""What the faces, `manager` and `aio`, are made of."""
