"""The operators' texts, read, checked and rendered. The only place that knows Jinja and templates' YAML."""
