"""The chat API that many servers speak: OpenAI's, Ollama, llama.cpp, vLLM."""

from __future__ import annotations

from typing import ClassVar

import httpx

from bot.assistant.port import Assistant, AssistantFault, Reply, Unanswered
from bot.settings.assistant import AssistantSection
from responders.assistant import Brief


class OpenAIChat(Assistant):
    """Any server with `POST {endpoint}/chat/completions`."""

    name: ClassVar = "openai"

    def __init__(self, section: AssistantSection, key: str | None) -> None:
        """As `Assistant`."""
        self._section = section
        self._key = key
        self._client = httpx.AsyncClient()

    async def ask(self, brief: Brief) -> Reply:
        """Ask once, within `section.timeout`."""
        raise Unanswered(AssistantFault.DOWN, "Not ready yet.", retry=False)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
