"""What is true of the repository: values read from its files; nothing here writes."""
