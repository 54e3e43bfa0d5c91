//! The rules of [`super::api_owasp_scanner`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// An operation that anybody may call.
pub(super) const NO_SECURITY: Rule = Rule {
    id: "unprotected-operation",
    summary: "an operation that anybody may call",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "add `security` to the operation or to the document",
};

/// The document demands no authentication by default.
pub(super) const NO_GLOBAL: Rule = Rule {
    id: "no-global-security",
    summary: "the document demands no authentication by default",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "add `security` at the top of the document",
};

/// The document defines no way to authenticate.
pub(super) const NO_SCHEMES: Rule = Rule {
    id: "no-security-schemes",
    summary: "the document defines no way to authenticate",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "define the schemes (`components.securitySchemes`, `securityDefinitions`)",
};

/// The document switches authentication off for all operations.
pub(super) const GLOBAL_EMPTY: Rule = Rule {
    id: "global-security-empty",
    summary: "the document switches authentication off for all operations",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "name a scheme under `security`",
};

/// An operation switches authentication off.
pub(super) const OPERATION_EMPTY: Rule = Rule {
    id: "operation-security-empty",
    summary: "an operation switches authentication off",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "remove the empty list",
};

/// Authentication is one of several ways, and none is another.
pub(super) const GLOBAL_OPTIONAL: Rule = Rule {
    id: "global-security-optional",
    summary: "authentication is one of several ways, and none is another",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "remove the empty object from `security`",
};

/// An operation makes authentication optional.
pub(super) const OPERATION_OPTIONAL: Rule = Rule {
    id: "operation-security-optional",
    summary: "an operation makes authentication optional",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-306", "OWASP-API2:2023"],
    fix: "remove the empty object from `security`",
};

/// The document demands a scheme that it does not define.
pub(super) const GLOBAL_UNDEFINED: Rule = Rule {
    id: "global-scheme-undefined",
    summary: "the document demands a scheme that it does not define",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-306"],
    fix: "define the scheme, or correct its name",
};

/// An operation demands a scheme that the document does not define.
pub(super) const OPERATION_UNDEFINED: Rule = Rule {
    id: "operation-scheme-undefined",
    summary: "an operation demands a scheme that the document does not define",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-306"],
    fix: "define the scheme, or correct its name",
};

/// The document demands a scope that the scheme does not have.
pub(super) const GLOBAL_SCOPE: Rule = Rule {
    id: "global-scope-undefined",
    summary: "the document demands a scope that the scheme does not have",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-863"],
    fix: "define the scope, or correct its name",
};

/// An operation demands a scope that the scheme does not have.
pub(super) const OPERATION_SCOPE: Rule = Rule {
    id: "operation-scope-undefined",
    summary: "an operation demands a scope that the scheme does not have",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-863"],
    fix: "define the scope, or correct its name",
};

/// Scopes are demanded of a scheme that has none.
pub(super) const WRONG_SCOPES: Rule = Rule {
    id: "scopes-without-oauth",
    summary: "scopes are demanded of a scheme that has none",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-863"],
    fix: "use an empty list, or a scheme of type oauth2",
};

/// The API is offered without encryption.
pub(super) const SERVER: Rule = Rule {
    id: "cleartext-server",
    summary: "the API is offered without encryption",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-319", "OWASP-API8:2023"],
    fix: "offer it by https only",
};

/// A path or operation is offered without encryption.
pub(super) const PATH_SERVER: Rule = Rule {
    id: "cleartext-path-server",
    summary: "a path or operation is offered without encryption",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-319", "OWASP-API8:2023"],
    fix: "offer it by https only",
};

/// The implicit flow of OAuth hands tokens out in addresses.
pub(super) const IMPLICIT: Rule = Rule {
    id: "implicit-flow",
    summary: "the implicit flow of OAuth hands tokens out in addresses",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use the authorization code flow with PKCE",
};

/// The password flow of OAuth shows passwords to the client.
pub(super) const PASSWORD: Rule = Rule {
    id: "password-flow",
    summary: "the password flow of OAuth shows passwords to the client",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use the authorization code flow with PKCE",
};

/// Every operation takes tokens of the password flow.
pub(super) const GLOBAL_PASSWORD: Rule = Rule {
    id: "global-password-flow",
    summary: "every operation takes tokens of the password flow",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use the authorization code flow with PKCE",
};

/// An operation takes tokens of the password flow.
pub(super) const OPERATION_PASSWORD: Rule = Rule {
    id: "operation-password-flow",
    summary: "an operation takes tokens of the password flow",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use the authorization code flow with PKCE",
};

/// The address of a token endpoint is no address.
pub(super) const TOKEN_URL: Rule = Rule {
    id: "invalid-token-address",
    summary: "the address of a token endpoint is no address",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-601"],
    fix: "write an absolute address with a plain host",
};

/// The address of an authorization endpoint is no address.
pub(super) const AUTHORIZATION_URL: Rule = Rule {
    id: "invalid-authorization-address",
    summary: "the address of an authorization endpoint is no address",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-601"],
    fix: "write an absolute address with a plain host",
};

/// Basic authentication sends the password with every request.
pub(super) const BASIC: Rule = Rule {
    id: "basic-authentication",
    summary: "Basic authentication sends the password with every request",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use bearer tokens of short life",
};

/// Every operation takes Basic authentication.
pub(super) const GLOBAL_BASIC: Rule = Rule {
    id: "global-basic-authentication",
    summary: "every operation takes Basic authentication",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use bearer tokens of short life",
};

/// An operation takes Basic authentication.
pub(super) const OPERATION_BASIC: Rule = Rule {
    id: "operation-basic-authentication",
    summary: "an operation takes Basic authentication",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use bearer tokens of short life",
};

/// Digest authentication rests on weak hashes of passwords.
pub(super) const DIGEST: Rule = Rule {
    id: "digest-authentication",
    summary: "Digest authentication rests on weak hashes of passwords",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-916"],
    fix: "use bearer tokens of short life",
};

/// Negotiate authenticates the connection and not the request.
pub(super) const NEGOTIATE: Rule = Rule {
    id: "negotiate-authentication",
    summary: "Negotiate authenticates the connection and not the request",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-287"],
    fix: "use bearer tokens of short life",
};

/// OAuth 1.0 is obsolete.
pub(super) const OAUTH1: Rule = Rule {
    id: "oauth1-authentication",
    summary: "OAuth 1.0 is obsolete",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-477"],
    fix: "use OAuth 2",
};

/// No HTTP authentication scheme has this name.
pub(super) const UNKNOWN_HTTP: Rule = Rule {
    id: "unknown-http-scheme",
    summary: "no HTTP authentication scheme has this name",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-287"],
    fix: "use a name of the IANA registry",
};

/// An API key stands for a client and never expires.
pub(super) const API_KEY: Rule = Rule {
    id: "api-key-scheme",
    summary: "an API key stands for a client and never expires",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use tokens of short life, and send keys in headers only",
};

/// Every operation takes an API key.
pub(super) const GLOBAL_API_KEY: Rule = Rule {
    id: "global-api-key",
    summary: "every operation takes an API key",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use tokens of short life",
};

/// An operation takes an API key.
pub(super) const OPERATION_API_KEY: Rule = Rule {
    id: "operation-api-key",
    summary: "an operation takes an API key",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-API2:2023"],
    fix: "use tokens of short life",
};

/// A parameter named Authorization, which tools ignore.
pub(super) const AUTHORIZATION_PARAMETER: Rule = Rule {
    id: "authorization-parameter",
    summary: "a parameter named Authorization, which tools ignore",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-287"],
    fix: "describe it as a security scheme",
};

/// An operation says nothing of how it succeeds.
pub(super) const NO_SUCCESS: Rule = Rule {
    id: "no-success-response",
    summary: "an operation says nothing of how it succeeds",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-394"],
    fix: "describe a response of the 2xx group",
};

/// A response has a status code that HTTP does not know.
pub(super) const STATUS: Rule = Rule {
    id: "invalid-status-code",
    summary: "a response has a status code that HTTP does not know",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-394"],
    fix: "use 100 to 599, `1XX` to `5XX`, or `default`",
};
