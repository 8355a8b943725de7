"""A post of a fan who made something, and the files of operators that answer it and ask for the stage."""

from __future__ import annotations

MADE = "carved a lantern out of driftwood, here it is"
FILES = {
    "intents/ugc_shared.yaml": """\
meaning: Somebody shows what they made themselves.
action: draft
priority: 10
examples:
  en: [built a marble run that spells the logo, baked a cake in the shape of the tower, little comic about the gull,
    "last end woven in, the blanket is done", sewed a coat for the keeper, carved a whale out of driftwood,
    painted the lighthouse on a plate, knitted a scarf in the colours of the harbor]
""",
    "en/ugc_shared/shows_handmade.md": """\
---
answers_to: [sewed a coat for the keeper, carved a whale out of driftwood, knitted a scarf in the colours of the harbor]
examples:
  - {given: {post: "knitted a scarf in the colours of the harbor"}, expect: {max_words: 20}}
---
## variant: plain
What a lovely thing to make.
## variant: kind
So much care went into this.
""",
    "en/people/ask_stage.md": "## variant: plain\nMay we show it to everybody?\n",
    "en/people/ask_answer.md": "## variant: plain\nMay we pass it on to others?\n",
    "en/people/stage_post.md": """\
## variant: plain
Made by {% if name %}{{ name }}{% else %}somebody here{% endif %}: {{ work }}{% if incentive %}
({{ incentive }}){% endif %}
""",
}
