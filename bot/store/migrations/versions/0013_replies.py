"""An index that no statement asks, and that each claim and each receipt of a reply had to renew."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest_code = "0012"


def upgrade() -> None:
    """Older code does not miss it."""
    op.drop_index("ix_deliveries_reply_id", "deliveries")
