"""The web console: pages for managers, and the server that carries them together with the API."""

from bot.console.app import create_app
from bot.console.server import WebServer

__all__ = ["WebServer", "create_app"]
