"""The operators' texts, read, checked and rendered. The only place that knows YAML, and templates' Jinja."""
