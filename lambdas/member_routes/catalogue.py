"""Not here yet."""

from lambdas.http import Router

router = Router()
