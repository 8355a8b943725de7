"""The operators' files: read, checked and rendered. The only package that knows YAML and the templates' Jinja."""
