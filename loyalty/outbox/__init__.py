"""What happened, on its way to the event bus. Rooms say it by the SQL function outbox.emit in their own transaction."""
