"""A member has just confirmed a new sign-in: start the claim of a given number, or enrol where everybody may join.

Cognito waits five seconds, tries three times, and shows the member whatever fails; so no rule of ours ever fails here.
Whoever is not linked now claims in the portal.
"""

from __future__ import annotations

from typing import Any

from lambdas import mail
from lambdas.environment import environment
from lambdas.observed import logger, observed
from loyalty.database import database
from loyalty.members import claiming, membership
from loyalty.programme import reading
from loyalty.refusal import Refusal

SIGN_UP = "PostConfirmation_ConfirmSignUp"
# The only change of a password that Cognito tells of; one made while signed in it does not.
NEW_PASSWORD = "PostConfirmation_ConfirmForgotPassword"  # noqa: S105 - a name


@observed
def handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Answers the event, as Cognito wants. Raises only what a retry can mend (the database is away)."""
    program_id = environment().program_by_client.get(event.get("callerContext", {}).get("clientId", ""))
    attributes = event.get("request", {}).get("userAttributes", {})
    if event.get("triggerSource") == NEW_PASSWORD and program_id is not None and attributes.get("sub"):
        database().connection().execute("select members.password_changed(%s, %s)", (program_id, attributes["sub"]))
        return event
    if event.get("triggerSource") != SIGN_UP or program_id is None or not attributes.get("sub"):
        return event
    try:
        _welcome(program_id, attributes)
    except Refusal as refusal:
        logger.info("not linked", extra={"code": refusal.code})
    return event


def _welcome(program_id: int, attributes: dict[str, str]) -> None:
    connection = database().connection()
    document = reading.current(connection, program_id).document
    subject = attributes["sub"]
    number = attributes.get("custom:member_number", "").strip()
    if number:
        claiming.start(connection, program_id, document, number, subject, mail.send)
        return
    email = attributes.get("email", "")
    # Only a mailbox that has been proved may become a member's contact.
    if document.enrolment.open_enrolment and email and attributes.get("email_verified") == "true":
        language = attributes.get("locale", "en")[:2].lower()
        given = membership.checked(
            document,
            membership.NewMember(
                number=f"sign-up-{subject}"[:40],
                email=email,
                phone=None,
                tier="",
                country=document.store.region,
                language=language if language.isascii() and language.isalpha() else "en",
            ),
        )
        membership.enrol(connection, program_id, document, subject, given.email, given.language)
