"""The responders that come with Greenroom. Others plug in the same way."""
