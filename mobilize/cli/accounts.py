"""``flask accounts``: make, change and close accounts."""

import secrets
import sys

import click
from flask.cli import AppGroup
from sqlalchemy import select

from mobilize.domain.errors import InvalidInput, MobilizeError
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Account, Authority, Section, Volunteer
from mobilize.services import accounts
from mobilize.services.access import SYSTEM

group = AppGroup("accounts", help="Make, change and close accounts.")
commands: list[click.Command] = [group]

_password_options = (
    click.option(
        "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
    ),
    click.option("--generate", is_flag=True, help="Make up a password and print it, once."),
)


@group.command("create")
@click.option(
    "--role", required=True, type=click.Choice([role.value for role in AccountRole]), help="What it may do."
)
@click.option("--email", required=True, help="With which the person signs in.")
@click.option("--name", required=True, help="The person's name.")
@click.option("--section", metavar="CODE", help="The section that a coordinator leads.")
@click.option("--authority", metavar="CODE", help="The authority that the person belongs to.")
@click.option("--volunteer", metavar="PHONE", help="The volunteer, by phone (E.164), whose account it is.")
@_password_options[0]
@_password_options[1]
def create(
    *,
    role: str,
    email: str,
    name: str,
    section: str | None,
    authority: str | None,
    volunteer: str | None,
    password_stdin: bool,
    generate: bool,
) -> None:
    """Make an account; the password is asked for unless an option says otherwise."""
    section_id = _section(section)
    authority_id = _authority(authority)
    volunteer_id = _volunteer(volunteer)
    db.session.rollback()  # nothing is held while a person types
    password = _password(password_stdin, generate)
    try:
        account = accounts.create(
            SYSTEM,
            email=email,
            name=name,
            password=password,
            role=AccountRole(role),
            section_id=section_id,
            authority_id=authority_id,
            volunteer_id=volunteer_id,
        )
    except MobilizeError as error:
        raise click.ClickException(_told(error)) from error
    click.echo(f"Account {account.id} made: {account.email}, {account.role.value}.")
    _tell(password, generate)


@group.command("password")
@click.option("--email", required=True, help="The account.")
@_password_options[0]
@_password_options[1]
def password(email: str, password_stdin: bool, generate: bool) -> None:
    """Set a new password; sessions and tokens made before it end."""
    account_id = _account(email)
    db.session.rollback()
    chosen = _password(password_stdin, generate)
    try:
        accounts.change_password(SYSTEM, account_id, chosen)
    except MobilizeError as error:
        raise click.ClickException(_told(error)) from error
    click.echo(f"The password of {email} is changed.")
    _tell(chosen, generate)


@group.command("deactivate")
@click.option("--email", required=True, help="The account.")
def deactivate(email: str) -> None:
    """Close an account: it can no longer sign in."""
    accounts.deactivate(SYSTEM, _account(email))
    click.echo(f"{email} is closed.")


def _password(from_stdin: bool, generate: bool) -> str:
    if from_stdin and generate:
        raise click.UsageError("--password-stdin and --generate exclude each other.")
    if generate:
        return secrets.token_urlsafe(18)
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    chosen: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return chosen


def _tell(password: str, generated: bool) -> None:
    if generated:
        click.echo(f"Password: {password}")
        click.echo("It is not shown again.", err=True)


def _told(error: MobilizeError) -> str:
    if not isinstance(error, InvalidInput):
        return str(error)
    return "\n".join(
        f"{field.removesuffix('_id')} {' '.join(problems)}" for field, problems in error.errors.items()
    )


def _account(email: str) -> int:
    found = db.session.scalar(select(Account.id).where(Account.email == email.strip().lower()))
    return _existing(found, "account", email)


def _section(code: str | None) -> int | None:
    if code is None:
        return None
    return _existing(db.session.scalar(select(Section.id).where(Section.code == code)), "section", code)


def _authority(code: str | None) -> int | None:
    if code is None:
        return None
    return _existing(db.session.scalar(select(Authority.id).where(Authority.code == code)), "authority", code)


def _volunteer(phone: str | None) -> int | None:
    if phone is None:
        return None
    return _existing(
        db.session.scalar(select(Volunteer.id).where(Volunteer.phone == phone)), "volunteer", phone
    )


def _existing(key: int | None, noun: str, name: str) -> int:
    if key is None:
        raise click.ClickException(f"There is no {noun} {name}.")
    return key
