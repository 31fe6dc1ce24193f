"""How much the deployment carries, by a queueing model: from thousands of members to ten million."""
