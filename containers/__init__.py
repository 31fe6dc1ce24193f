"""Entry points of the services that run on ECS."""
