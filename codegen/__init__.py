"""The generator of ami-typed: from Asterisk's documentation and the overlay to typed requests and events.

Inside the repository it is the package `codegen`; in an installed ami-typed it is `ami_typed._codegen`. Therefore
all its imports of its own modules are relative.
"""
