"""The pure core: it takes a post and its context and returns a proposal. It uses no files, network, database, chat
SDK or clock."""
