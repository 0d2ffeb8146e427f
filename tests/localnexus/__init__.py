"""The embedded index, through the door its clients take: HTTP."""
