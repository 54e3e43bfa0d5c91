//! nginx configuration: directives, their words and blocks.
//!
//! Grammar: how `ngx_conf_file` reads tokens (nginx.org/en/docs/dev), with
//! quotes, escapes, `${name}` inside words, and the raw Lua blocks of OpenResty.

mod parser;
mod template;

pub use template::{Part, parts};

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::kind::Kind;
use crate::limits::MAX_PARSE_BYTES;
use crate::span::Span;

/// A parsed configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directives of the file's top level.
    pub directives: Vec<Directive>,
}

/// A directive: a name, words, and a block for some.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The name; in a `map` or `types` block, the first word of a line.
    pub name: Word,
    /// The words behind the name.
    pub arguments: Vec<Word>,
    /// What stands between braces.
    pub block: Option<Block>,
    /// The whole directive, its `;` or `}` included.
    pub span: Span,
}

/// What stands between braces.
#[derive(Clone, Debug)]
pub enum Block {
    /// Directives.
    Directives(Vec<Directive>),
    /// A program in another language (`content_by_lua_block`).
    Raw(Span),
}

/// A word of a directive.
#[derive(Clone, Debug)]
pub struct Word {
    /// The text, quotes and escapes resolved, variables as written.
    pub text: String,
    /// Its place, quotes included.
    pub span: Span,
    /// The quote around it.
    pub quote: Option<char>,
}

impl Directive {
    /// Whether this is the directive `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name.text == name
    }

    /// The text of the argument at `index`.
    pub fn argument(&self, index: usize) -> Option<&str> {
        self.arguments.get(index).map(|word| word.text.as_str())
    }

    /// The directives of the block; nothing for a simple directive.
    pub fn children(&self) -> &[Directive] {
        match &self.block {
            Some(Block::Directives(directives)) => directives,
            Some(Block::Raw(_)) | None => &[],
        }
    }
}

/// Parses a configuration file.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Config> {
    if artifact.kind() != Kind::Nginx {
        return Err(ParseFailure::syntax("not an nginx configuration", Span::default()));
    }
    parser::parse(artifact.parsable_text()?)
}

/// Directives by which a file is known to be nginx configuration; words that
/// other formats with the same braces use (`include`, `options`) are left out.
const KNOWN: &[&str] = &[
    "access_log",
    "add_header",
    "add_trailer",
    "alias",
    "allow",
    "auth_basic",
    "auth_basic_user_file",
    "auth_request",
    "autoindex",
    "client_body_buffer_size",
    "client_body_timeout",
    "client_header_timeout",
    "client_max_body_size",
    "daemon",
    "default_type",
    "deny",
    "error_log",
    "error_page",
    "etag",
    "events",
    "expires",
    "fastcgi_param",
    "fastcgi_pass",
    "geo",
    "grpc_pass",
    "gzip",
    "gzip_types",
    "http",
    "http2",
    "if",
    "index",
    "internal",
    "keepalive_timeout",
    "limit_conn",
    "limit_conn_zone",
    "limit_except",
    "limit_rate",
    "limit_req",
    "limit_req_zone",
    "listen",
    "load_module",
    "location",
    "log_format",
    "lua_package_path",
    "map",
    "merge_slashes",
    "more_clear_headers",
    "more_set_headers",
    "open_file_cache",
    "proxy_buffering",
    "proxy_cache",
    "proxy_cache_path",
    "proxy_connect_timeout",
    "proxy_hide_header",
    "proxy_http_version",
    "proxy_pass",
    "proxy_pass_header",
    "proxy_read_timeout",
    "proxy_redirect",
    "proxy_set_header",
    "proxy_ssl_verify",
    "real_ip_header",
    "resolver",
    "return",
    "rewrite",
    "root",
    "satisfy",
    "sendfile",
    "server",
    "server_name",
    "server_names_hash_bucket_size",
    "server_tokens",
    "set",
    "set_real_ip_from",
    "split_clients",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_dhparam",
    "ssl_ecdh_curve",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "ssl_stapling",
    "ssl_verify_client",
    "stream",
    "stub_status",
    "sub_filter",
    "tcp_nodelay",
    "tcp_nopush",
    "try_files",
    "types",
    "underscores_in_headers",
    "upstream",
    "user",
    "uwsgi_param",
    "uwsgi_pass",
    "valid_referers",
    "worker_connections",
    "worker_processes",
    "zone",
];

/// Whether a text reads as nginx configuration: it parses, and one of its
/// directives is nginx's own.
pub(crate) fn is_config(text: &str) -> bool {
    let known = |directive: &Directive| KNOWN.contains(&directive.name.text.as_str());
    text.len() <= MAX_PARSE_BYTES
        && parser::parse(text).is_ok_and(|config| config.directives.iter().any(known))
}

#[cfg(test)]
mod tests;
