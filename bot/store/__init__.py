"""The one store. Operations are plain functions of a connection, grouped by what they are about."""

from sqlalchemy import Connection

from bot.store.migrate import inspect
from bot.store.posts import NewPost, Received
from bot.store.store import Bell, PostPage, Store, cut

__all__ = ["Bell", "Connection", "NewPost", "PostPage", "Received", "Store", "cut", "inspect"]
