"""What ought to happen: pure values and functions; no files, no network, no clock."""
