"""An optional language model that may read a post and word a reply. Nothing waits for it, and it never decides."""
