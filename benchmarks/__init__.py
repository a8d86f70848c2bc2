"""How fast ami-typed is, beside floors and beside other clients, in one run on one machine."""
