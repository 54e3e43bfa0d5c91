//! `pi token`

use std::path::PathBuf;

use pi_control_plane::roles::Role;
use pi_core::canonical::{Encoder, Value};
use pi_core::{Clock as _, Name, Reason};
use pi_identity::secrets::SecretError;
use pi_identity::token::Grant;
use pi_identity::{
    Actor, IdentityEvent, KeyId, KeySet, Minted, Secret, Secrets, SigningKey, TokenId,
    TokenOptions, Tokens, jwks,
};
use pi_runtime::SystemClock;

use crate::args::TokenCommand;
use crate::context::{Context, Failure, Outcome};

/// The name of the shared secret among keys.
const SHARED: &str = "shared";

pub fn run(context: &Context, command: &TokenCommand) -> Outcome {
    let TokenCommand::Issue { subject, role, lifetime } = command;
    let known = Role::from_word(role)
        .ok_or_else(|| Failure::new(Reason::RoleUnknown, format!("there is no role `{role}`")))?;
    let tokens = tokens(context, false)?;
    let minted = issue(&tokens, context.global.tenant.as_str(), subject, known, *lifetime)?;
    let journal = context.journal()?;
    let actor = Actor::new(journal.actor()).map_err(|error| invalid(&error))?;
    let event = IdentityEvent::TokenIssued(minted.claims.clone());
    let draft = event.draft(&actor, None, journal.now()).map_err(|error| invalid(&error))?;
    journal.store().append(vec![draft])?;
    if context.is_json() {
        let text = |text: &str| Value::from(text);
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            o.field("expires_at_us", &minted.claims.expires_at.as_micros())
                .field("id", &text(minted.claims.id.as_str()))
                .field("role", &text(role))
                .field("schema", "pi.token/1")
                .field("subject", &text(subject))
                .field("tenant", context.global.tenant.as_str())
                .field("token", &text(&minted.token));
        });
        context.emit(&format!("{}\n", String::from_utf8_lossy(&encoder.into_bytes())))?;
    } else {
        context.emit(&format!("{}\n", minted.token))?;
    }
    Ok(0)
}

fn invalid(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Reason::InvalidRequest, error)
}

/// What makes and verifies tokens, from the secret of this installation; with `dev`, from
/// one of this process alone.
pub fn tokens(context: &Context, dev: bool) -> Result<Tokens, Failure> {
    let failed = |error: SecretError| Failure::new(error.reason(), &error);
    let secret = if dev { Secret::generate() } else { secrets(context)?.find("JWT") };
    let secret = secret.map_err(failed)?;
    let id = KeyId::new(SHARED).map_err(|error| invalid(&error))?;
    let keys = SigningKey::shared(id, &secret).and_then(KeySet::new);
    let mut keys = keys.map_err(|error| Failure::new(Reason::SecretWeak, error))?;
    // Issuers elsewhere sign with keys of their own; theirs are trusted for what they are.
    match secrets(context)?.find("JWT_KEYS") {
        Err(error) if error.reason() == Reason::SecretNotFound => {}
        found => {
            let found = found.map_err(failed)?;
            let text = std::str::from_utf8(found.expose()).map_err(|error| invalid(&error))?;
            for key in jwks::read(text).map_err(|error| invalid(&error))? {
                keys = keys.with(key).map_err(|error| invalid(&error))?;
            }
        }
    }
    Ok(Tokens::new(keys, TokenOptions::default()))
}

/// `PI_SECRET_*`, or files in `PI_SECRETS_PATH`, which is `secrets` in the data folder when
/// it is not set.
pub fn secrets(context: &Context) -> Result<Secrets<'static>, Failure> {
    let folder = match std::env::var_os("PI_SECRETS_PATH") {
        Some(path) => PathBuf::from(path),
        None => context.data_path()?.join("secrets"),
    };
    Ok(Secrets { environment: &|name| std::env::var_os(name), folder: Some(folder), dev: false })
}

/// Makes a token.
pub fn issue(
    tokens: &Tokens,
    tenant: &str,
    subject: &str,
    role: Role,
    lifetime_s: u64,
) -> Result<Minted, Failure> {
    let grant = Grant {
        subject: Actor::new(subject).map_err(|error| invalid(&error))?,
        tenant: Name::new(tenant).map_err(|error| invalid(&error))?,
        role,
        lifetime_s,
    };
    let id = TokenId::random().map_err(|error| Failure::new(error.reason(), &error))?;
    tokens.mint(grant, SystemClock.now(), id).map_err(|error| invalid(&error))
}
