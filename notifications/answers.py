"""What the mail server said, and what it means."""

import re
from smtplib import SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused

LONGEST_ANSWER = 300
SECRETS = (
    (re.compile(r"https?://\S+"), "[lien retiré]"),
    (re.compile(r"[^\s<>:@]+@[^\s<>]+"), "[adresse]"),
    (re.compile(r"[A-Za-z0-9_\-]{32,}={0,2}"), "[secret retiré]"),
)
# 5.7.x: what we send or who we are is refused, the address itself may be a good one.
POLICY = re.compile(r"^5\.7\.\d+")


def redact(text: str) -> str:
    """Take out what an answer or an error may repeat: links with their tokens, secrets, addresses."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return " ".join(text.split())[:LONGEST_ANSWER]


def read_refusal(error: Exception) -> tuple[int, str] | None:
    """Return the code and words of the server about this very message, None when it said nothing of the kind."""
    if isinstance(error, SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return code, words.decode(errors="replace")
    if isinstance(error, SMTPDataError):
        said = error.smtp_error
        return error.smtp_code, said if isinstance(said, str) else said.decode(errors="replace")
    if isinstance(error, SMTPNotSupportedError):
        # The address needs SMTPUTF8 and the server has not got it.
        return 553, str(error)
    return None


def is_permanent(error: Exception) -> bool:
    """5xx about the recipient or the message. One about the sender is our setting: it is worth trying again."""
    refusal = read_refusal(error)
    return refusal is not None and refusal[0] >= 500


def is_address_dead(error: Exception) -> bool:
    refusal = read_refusal(error)
    return (
        isinstance(error, SMTPRecipientsRefused)
        and refusal is not None
        and refusal[0] >= 500
        and not POLICY.match(refusal[1])
    )


def words_of(error: Exception) -> str:
    refusal = read_refusal(error)
    return redact(f"{refusal[0]} {refusal[1]}" if refusal else f"{type(error).__name__}: {error}")
