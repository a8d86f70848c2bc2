"""The building blocks of the faces, `manager` and `aio`."""
