"""What every chat platform shares: cards, presses, commands, and the port that a platform fills."""
