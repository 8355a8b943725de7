"""The store. Operations are plain functions of a connection, in one module for each subject."""

from sqlalchemy import Connection

from bot.store.communities import SOLE
from bot.store.migrate import inspect
from bot.store.posts import NewPost, Received
from bot.store.signals import Signal
from bot.store.store import Database, PostPage, Store, cut

__all__ = ["SOLE", "Connection", "Database", "NewPost", "PostPage", "Received", "Signal", "Store", "cut", "inspect"]
