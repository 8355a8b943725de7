"""Mail by SMTP, in one thread for each letter. What a server refuses is told in a sentence."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE

from bot.errors import GreenroomError
from bot.ports import Check
from bot.settings import Mail, Settings
from bot.settings.model import MAIL_PASSWORD

PATIENCE = 20.0
"""Seconds to wait for each answer of the server."""
_TLS_PORT = 465
_TEMPORARY = range(400, 500)
_SHOWN = 120
"""Characters of a server's answer."""


class MailTrouble(GreenroomError):
    """A letter did not leave, or may have. The text is a sentence for a person."""

    def __init__(self, sentence: str, *, again: bool = False, uncertain: bool = False) -> None:
        """`again`: it has certainly not left, and a later try may help. `uncertain`: nobody knows whether it left."""
        super().__init__(sentence)
        self.again = again
        self.uncertain = uncertain


def letter(mail: Mail, to: str, subject: str, text: str, *, key: str, at: datetime) -> EmailMessage:
    """A letter as plain text. The same `key` gives the same Message-ID, by which mail programs know a repeated one."""
    made = EmailMessage()
    made["Subject"] = " ".join(subject.split())
    made["From"], made["To"] = mail.sender, to
    made["Date"] = at
    made["Message-ID"] = f"<{key}@{mail.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="quoted-printable")
    return made


def send(settings: Settings, mail: Mail, made: EmailMessage) -> None:
    """Hand a letter to the server that `mail` names, with the password of `settings`. Blocks. Raises MailTrouble."""
    with _session(settings, mail) as server:
        _addressed(server, mail, made["To"])
        try:
            code, answer = server.data(made.as_bytes(policy=WIRE))
        except smtplib.SMTPDataError as error:
            raise _refusal("refuses the letter", error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            sentence = f"The mail server broke off ({_told(error)}); nobody knows whether the letter left."
            raise MailTrouble(sentence, uncertain=True) from None
    if not _fine(code):
        raise _refusal("refuses the letter", code, answer)


def checks(settings: Settings) -> list[Check]:
    """What doctor says without asking the server."""
    mail = settings.mail
    if mail is None:
        return []
    if mail.user and settings.mail_password is None:
        fix = f"put the password into the environment as {settings.variable(MAIL_PASSWORD)}"
        return [Check(name="mail", ok=False, result=f"the password of {mail.user} is missing", fix=fix)]
    if not mail.encrypted:
        return [Check(name="mail", ok=None, result="mail leaves unencrypted", fix="set `starttls: true`")]
    return [Check(name="mail", ok=True, result=f"mail leaves by {mail.host}:{mail.port}")]


def check_online(settings: Settings) -> list[Check]:
    """What the server says to the teams' addresses. No letter is sent."""
    mail = settings.mail
    to = [team.mail for team in settings.teams.values() if team.mail]
    if mail is None or not to:
        return []
    found = []
    try:
        with _session(settings, mail) as server:
            for address in to:
                try:
                    _addressed(server, mail, address)
                except MailTrouble as error:
                    fix = f"look at this address under `teams`, and at `mail.sender` ({mail.sender})"
                    found.append(Check(name="mail", ok=False, result=_clause(error), fix=fix))
                server.rset()
    except MailTrouble as error:
        return [Check(name="mail", ok=False, result=_clause(error), fix="look at the block `mail` of config.yaml")]
    except (smtplib.SMTPException, OSError) as error:
        return [Check(name="mail", ok=False, result=f"the mail server broke off ({_told(error)})", fix="try again")]
    return found or [Check(name="mail", ok=True, result=f"{mail.host} takes mail for the teams")]


@contextmanager
def _session(settings: Settings, mail: Mail) -> Iterator[smtplib.SMTP]:
    """A connection on which letters may leave. Raises MailTrouble."""
    password = settings.mail_password
    if mail.user and password is None:
        where = settings.variable(MAIL_PASSWORD)
        raise MailTrouble(f"The mail server wants a password; put it into the environment as {where}.")
    server = _opened(mail)
    try:
        if mail.starttls and mail.port != _TLS_PORT:
            _step("does not offer STARTTLS", lambda: server.starttls(context=ssl.create_default_context()))
        if mail.user and password is not None:
            user, secret = mail.user, password.get_secret_value()
            _step("refuses the user or the password", lambda: server.login(user, secret))
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _opened(mail: Mail) -> smtplib.SMTP:
    try:
        if mail.port == _TLS_PORT:
            return smtplib.SMTP_SSL(mail.host, mail.port, timeout=PATIENCE, context=ssl.create_default_context())
        return smtplib.SMTP(mail.host, mail.port, timeout=PATIENCE)
    except ssl.SSLError as error:
        raise _untrusted(error) from None
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        sentence = f"The mail server {mail.host}:{mail.port} does not answer ({_told(error)})."
        raise MailTrouble(sentence, again=True) from None


def _step(what: str, act: Callable[[], object]) -> None:
    """One step before a letter is on its way."""
    try:
        act()
    except ssl.SSLError as error:
        raise _untrusted(error) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(what, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError:
        raise MailTrouble(f"The mail server {what}.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailTrouble(f"The mail server broke off ({_told(error)}).", again=True) from None


def _addressed(server: smtplib.SMTP, mail: Mail, to: str) -> None:
    """Tell the server from whom and to whom."""
    steps: tuple[tuple[str, Callable[[], tuple[int, bytes]]], ...] = (
        (f"refuses the sender {mail.sender}", lambda: server.mail(mail.sender)),
        (f"refuses the address {to}", lambda: server.rcpt(to)),
    )
    server.ehlo_or_helo_if_needed()
    for what, step in steps:
        answers: list[tuple[int, bytes]] = []
        _step(what, lambda step=step, answers=answers: answers.append(step()))  # type: ignore[misc] # mypy#12557
        code, answer = answers[0]
        if not _fine(code):
            raise _refusal(what, code, answer)


def _fine(code: int) -> bool:
    return code in range(200, 300)


def _refusal(what: str, code: int, answer: bytes | str) -> MailTrouble:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    shown = "".join(c if c.isprintable() else " " for c in text)[:_SHOWN]
    return MailTrouble(f"The mail server {what} ({code} {' '.join(shown.split())}).", again=code in _TEMPORARY)


def _untrusted(error: ssl.SSLError) -> MailTrouble:
    why = getattr(error, "verify_message", None) or error.reason or "no reason given"
    return MailTrouble(f"The mail server's certificate or encryption cannot be trusted ({why}).")


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__


def _clause(error: MailTrouble) -> str:
    """A sentence as doctor shows it."""
    text = str(error).removesuffix(".")
    return f"{text[:1].lower()}{text[1:]}"
