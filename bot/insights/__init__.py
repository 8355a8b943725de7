"""What the posts of a community say together: who was not answered, what is said more than usual. Nobody is scored."""
