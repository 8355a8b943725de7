"""What moves a draft, and why. Plain functions of a connection; they know the rules, the store knows the rows."""
