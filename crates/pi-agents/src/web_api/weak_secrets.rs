//! Secrets for HMAC that everybody tries first.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::token::Token;

/// Words of tutorials, default configurations and public lists of leaked
/// secrets. The empty secret is one of them.
const WORDS: &[&str] = &[
    "",
    "1234",
    "12345",
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "a-string-secret-at-least-256-bits-long",
    "abc123",
    "admin",
    "app_secret",
    "auth",
    "base64EncodedSecretKey",
    "changeit",
    "changeme",
    "default",
    "default-secret",
    "demo",
    "dev",
    "dev-secret",
    "development",
    "django-insecure",
    "example",
    "example_key",
    "foobar",
    "hello",
    "helloworld",
    "hs256-secret",
    "jwt",
    "jwt-key",
    "jwt-secret",
    "jwt_secret",
    "jwt_secret_key",
    "jwtsecret",
    "jwtSecret",
    "jwtSecretKey",
    "jwtsecretkey",
    "JWT_SECRET",
    "JWTSecret",
    "key",
    "keyboard cat",
    "letmein",
    "my-32-character-ultra-secure-and-ultra-long-secret",
    "my-secret",
    "my-secret-key",
    "my_secret",
    "my_secret_key",
    "mykey",
    "mysecret",
    "mySecret",
    "mysecretkey",
    "mySecretKey",
    "my_jwt_secret",
    "mysupersecret",
    "node_auth",
    "none",
    "null",
    "passw0rd",
    "password",
    "Password1",
    "password123",
    "private",
    "privatekey",
    "qwerty",
    "qwertyuiop",
    "random",
    "root",
    "s3cr3t",
    "S3cr3t",
    "secret",
    "Secret",
    "SECRET",
    "secret-key",
    "secret_key",
    "SECRET_KEY",
    "secret123",
    "secretkey",
    "secretKey",
    "SecretKey",
    "secretpassword",
    "shhhh",
    "shhhhh",
    "shhhhhared-secret",
    "some-secret",
    "supersecret",
    "super-secret",
    "super_secret",
    "supersecretkey",
    "superSecretKey",
    "test",
    "test-secret",
    "test123",
    "testing",
    "testsecret",
    "token",
    "tokensecret",
    "topsecret",
    "undefined",
    "very-secret",
    "verysecret",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "your-secret",
    "your-secret-key",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "your_jwt_secret",
    "your_secret",
    "your_secret_key",
    "yoursecret",
    "yoursecretkey",
    "yoursupersecret",
];

/// Secrets of the examples in the documentation of token tools.
const EXAMPLES: &[&str] = &[
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
];

/// A secret that verifies a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weak {
    /// The secret of a documentation example.
    pub example: bool,
}

/// How many secrets are tried.
pub(crate) const COUNT: u64 = WORDS.len() as u64;

/// Whether a token with an HMAC signature verifies with a secret of the list.
pub(crate) fn weak_secret(token: &Token) -> Option<Weak> {
    let signs = |word: &str| match token.algorithm() {
        "HS256" => verifies::<Hmac<Sha256>>(word, token),
        "HS384" => verifies::<Hmac<Sha384>>(word, token),
        "HS512" => verifies::<Hmac<Sha512>>(word, token),
        _ => false,
    };
    let word = WORDS.iter().find(|word| signs(word))?;
    Some(Weak { example: EXAMPLES.contains(word) })
}

fn verifies<M: Mac + KeyInit>(secret: &str, token: &Token) -> bool {
    <M as KeyInit>::new_from_slice(secret.as_bytes()).is_ok_and(|mut mac| {
        mac.update(token.signed.as_bytes());
        mac.verify_slice(&token.signature).is_ok()
    })
}
