"""The only code that touches the world: builds, the index, files, processes."""
