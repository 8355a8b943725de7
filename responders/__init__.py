"""The pure core: a post and its context in, a proposal out. No files, network, database, chat SDK or clock in here."""
