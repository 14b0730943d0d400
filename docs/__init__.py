"""What generates documentation, to be run as a module: `python -m docs.generate`."""
