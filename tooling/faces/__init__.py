"""Words in, words out: one Invoke collection each, and the reports."""
