"""Where a message on Telegram can be opened from the console."""

from bot.ports import Linked


async def test_only_messages_of_supergroups_have_an_address(open_house):
    platform = open_house.app.platforms["telegram"]
    assert isinstance(platform, Linked)
    assert platform.message_link("-1001234", "5") == "https://t.me/c/1234/5"
    assert platform.message_link("-1001234/77", "5") == "https://t.me/c/1234/5"
    assert platform.message_link("-1234", "5") is None
    assert platform.message_link("-1001234", "") is None
    assert platform.message_link("-1001234", "-100/5") is None, "a message of a group that has moved"
