"""The generator of ami-typed: generates typed requests and events from Asterisk's documentation and the overlay.

In the repository, it is the package `codegen`; in an installed ami-typed, it is `ami_typed._codegen`. All imports of
its own modules are therefore relative.
"""
