"""Mails: the outbox, and the development mailbox."""
