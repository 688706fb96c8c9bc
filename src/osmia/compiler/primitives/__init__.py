"""What each object of the vocabulary means, as tables. A new helper, field or method is a new row."""
