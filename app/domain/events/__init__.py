"""The event log: written in the transaction of the change, read with the viewer's rights."""
