"""What every package must look like: one small rule each, with a code, a title and how to fix it."""
