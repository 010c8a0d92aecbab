"""What mails say, in which words, and how they leave."""
