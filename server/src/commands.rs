//! The commands of the binary for operators: list and add users, reset a password, end sessions (ASVS 7.4.5), back up and restore the
//! database.

use std::io::{self, IsTerminal};

use anyhow::{Context, bail};
use app::{
    FEATURES,
    auth::{
        Email, Event, NewPassword, Registration, is_common,
        store::{self, StoredUser},
    },
};
use clap::{Args, Parser, Subcommand};
use session::{Clock, Database, Sessions};
use web::{audit, error::AppError, feature::Features};

use crate::{
    Settings,
    backup::{self, DatabaseCommand},
    database,
    operator::{end_all_sessions, end_sessions_of, opened, say},
};

/// Satchel's server. Without a command it serves the app. All settings come from the environment, also for commands.
#[derive(Debug, Parser)]
#[command(name = "server", version)]
pub struct Cli {
    /// The command to run instead of the server.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Back up the database, or restore a backup.
    Database {
        #[command(subcommand)]
        command: DatabaseCommand,
    },
    /// End sessions: their visitors are signed out at their next request.
    Sessions {
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// List and add users, and reset passwords.
    Users {
        #[command(subcommand)]
        command: UsersCommand,
    },
}

/// Commands for sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// End the sessions of one user, or all sessions.
    End(WhoseSessions),
}

/// The sessions of a command.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct WhoseSessions {
    /// The user with this e-mail address.
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// All users and guests.
    #[arg(long)]
    all: bool,
}

/// Commands for users.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List all users.
    List,
    /// Add a user. The password is asked for, or read as one line from standard input.
    Add {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The name of the account.
        #[arg(long)]
        name: String,
    },
    /// Give a user a new password and end all of its sessions. The password is asked for, or read as one line from standard input.
    ResetPassword {
        /// The user with this e-mail address.
        #[arg(long)]
        email: String,
    },
}

/// Runs a command, and prints what was done. A command that fails changes nothing, except that `sessions end --all`, which goes from
/// user to user, may have ended some.
pub async fn run(command: Command, settings: Settings) -> anyhow::Result<()> {
    match command {
        Command::Database { command } => backup::run(command, &settings).await,
        Command::Sessions { command: SessionsCommand::End(whose) } => {
            let (db, sessions) = opened(database::open(&settings.database).await?, &settings).await?;
            end_sessions(&db, &sessions, whose).await
        }
        Command::Users { command } => {
            let (db, sessions) = opened(database::open(&settings.database).await?, &settings).await?;
            run_for_users(command, &db, &sessions).await
        }
    }
}

async fn run_for_users(command: UsersCommand, db: &Database, sessions: &Sessions) -> anyhow::Result<()> {
    match command {
        UsersCommand::List => {
            for user in store::list_users(db).await? {
                say(format_args!("{}\t{}", user.email, user.name))?;
            }
            Ok(())
        }
        UsersCommand::Add { email, name } => {
            let password = ask_password()?;
            let Registration { name, email, password } =
                Registration::parse(&name, &email, &password, is_common).map_err(with_field)?;
            let made =
                store::create_user(db, &name, &email, password.expose(), Clock::system().now()).await?;
            let made = made.with_context(|| format!("there is a user {email} already"))?;
            audit::record_command(Event::Registered, Some(&made.user.id.0));
            say(format_args!("made the user {email}"))
        }
        UsersCommand::ResetPassword { email } => {
            let user = find(db, &email).await?.user;
            let password =
                NewPassword::parse(&ask_password()?, &[user.name.as_str(), user.email.as_str()], is_common)
                    .map_err(|problem| anyhow::anyhow!("password: {problem}"))?;
            store::reset_password(db, sessions, Features(FEATURES), &user.id, password.expose()).await?;
            audit::record_command(Event::PasswordChanged, Some(&user.id.0));
            say(format_args!("gave {} a new password and ended all its sessions", user.email))
        }
    }
}

async fn end_sessions(db: &Database, sessions: &Sessions, whose: WhoseSessions) -> anyhow::Result<()> {
    let Some(email) = whose.user else {
        return say(format_args!("ended all {} sessions", end_all_sessions(db, sessions).await?));
    };
    let user = find(db, &email).await?.user;
    let ended = end_sessions_of(db, sessions, &user.id).await?;
    audit::record_command(Event::Revoked, Some(&user.id.0));
    say(format_args!("ended {ended} sessions of {}", user.email))
}

async fn find(db: &Database, email: &str) -> anyhow::Result<StoredUser> {
    let address = Email::parse(email).map_err(|problem| anyhow::anyhow!("\"{email}\": {problem}"))?;
    let found = store::find_user_by_email(db, &address).await?;
    Ok(found.with_context(|| format!("there is no user {address}"))?.0)
}

/// Asks for a password, or reads a line of standard input. It is not an argument, because other programs could read it there.
fn ask_password() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        let password = rpassword::prompt_password("New password: ")?;
        if rpassword::prompt_password("Once more: ")? != password {
            bail!("these were two different passwords");
        }
        return Ok(password);
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn with_field(error: AppError) -> anyhow::Error {
    match error {
        AppError::Invalid { field, message, .. } => anyhow::anyhow!("{field}: {message}"),
        error => error.into(),
    }
}
