"""The responders that come with the product; anyone's come through the same door."""
