"""Platform adapters: a platform's messages become posts, our replies its messages. SDK objects stop here."""
