"""The corpus of invented posts and the training of the reader on it. Not part of the installed product."""
