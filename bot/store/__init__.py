"""The store. Operations are plain functions of a connection, in one module for each subject."""

from sqlalchemy import Connection

from bot.store.migrate import inspect
from bot.store.posts import NewPost, Received
from bot.store.store import PostPage, Signal, Store, cut

__all__ = ["Connection", "NewPost", "PostPage", "Received", "Signal", "Store", "cut", "inspect"]
