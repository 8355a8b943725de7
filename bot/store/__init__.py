"""The one store. Operations are plain functions of a connection, grouped by what they are about."""

from sqlalchemy import Connection

from bot.store.migrate import inspect
from bot.store.posts import NewPost, Received
from bot.store.store import PostPage, Signal, Store, cut

__all__ = ["Connection", "NewPost", "PostPage", "Received", "Signal", "Store", "cut", "inspect"]
