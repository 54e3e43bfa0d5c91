//! See [`ApiAuthJwtNoneAlgorithmSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::call::{Argument, Call, Value};
use super::{compiled_tokens, python_calls, script_calls};

const NONE: Rule = Rule {
    id: "none-algorithm-accepted",
    summary: "tokens with the algorithm `none` are accepted or issued",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-347", "OWASP-API2:2023"],
    fix: "name the one algorithm that is used, such as ES256 or HS256",
};

const UNVERIFIED: Rule = Rule {
    id: "signature-not-verified",
    summary: "a token is decoded without verifying its signature",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-347", "OWASP-API2:2023"],
    fix: "verify with a key and a list of algorithms before a claim is used",
};

const NO_LIST: Rule = Rule {
    id: "no-algorithm-list",
    summary: "the token itself decides by which algorithm it is verified",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-347"],
    fix: "pass the list of algorithms that are accepted",
};

const CONFUSION: Rule = Rule {
    id: "algorithm-confusion",
    summary: "HMAC and public-key algorithms are accepted with one key",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-347", "CWE-327"],
    fix: "accept one family: with both, the public key serves an attacker as HMAC secret",
};

const EMPTY_KEY: Rule = Rule {
    id: "empty-token-key",
    summary: "tokens are signed or verified with an empty key",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-347", "CWE-321"],
    fix: "load the key from the configuration and refuse to start without one",
};

const EXPIRY: Rule = Rule {
    id: "token-expiry-ignored",
    summary: "expired tokens are accepted",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-613"],
    fix: "remove the option that ignores `exp`",
};

declare_agent! {
    /// Finds code that accepts JSON Web Tokens without a valid signature.
    ///
    /// # What it checks
    /// Calls of token libraries, found by what is imported and not by name: PyJWT,
    /// python-jose, python_jwt; jsonwebtoken, jwt-simple, express-jwt, koa-jwt,
    /// jose; golang-jwt; jjwt and java-jwt. The algorithm `none`, verification
    /// switched off, no list of algorithms, HMAC and public keys mixed, empty keys,
    /// ignored expiry. Options and lists in variables that are assigned once are
    /// followed.
    ///
    /// # Why it matters
    /// A token whose signature is not verified is a form that anybody fills in.
    ///
    /// # Example denied
    /// ```python
    /// import jwt
    /// claims = jwt.decode(token, options={"verify_signature": False})
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// import jwt
    /// claims = jwt.decode(token, key, algorithms=["ES256"], audience="shop")
    /// ```
    ///
    /// # Limits
    /// One file is read at a time: a wrapper around a library hides its options.
    /// Reading a header before the verification, to find the key, is not reported.
    /// Other languages than those above are not read.
    ///
    /// # References
    /// CWE-347; RFC 8725, 3.1 and 3.2; OWASP-API2:2023.
    pub struct ApiAuthJwtNoneAlgorithmSentry {
        slug: "api_auth_jwt_none_algorithm_sentry",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java],
        triggers: Always,
        invariant_to: ALL,
        rules: [NONE, UNVERIFIED, NO_LIST, CONFUSION, EMPTY_KEY, EXPIRY],
        fixture: include_str!("fixtures/api_auth_jwt_none_algorithm_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    let calls = match artifact.kind() {
        Kind::Python => python_calls::calls(artifact.python()?),
        Kind::Go | Kind::Java => {
            for (span, none, what) in compiled_tokens::find(artifact.syntax()?, text) {
                let rule = if none { &NONE } else { &UNVERIFIED };
                report.finding(rule, span).subject(what).confidence(Confidence::Medium);
            }
            return Ok(());
        }
        _ => script_calls::calls(artifact.syntax()?, text),
    };
    let names: Vec<&str> = calls.iter().map(|call| call.function.as_str()).collect();
    for (index, call) in calls.iter().enumerate() {
        report.tick(1)?;
        // The number of the call among those of the function: names of
        // variables may change, their order does not.
        let earlier = names.get(..index).unwrap_or_default();
        let number = earlier.iter().filter(|name| **name == call.function).count() + 1;
        let mut finder = Finder { report, subject: format!("{}[{number}]", call.function) };
        match call.function.as_str() {
            "jwt.decode" | "jose.jwt.decode" | "jose.jws.verify" => finder.python_decode(call),
            "jwt.encode" | "jose.jwt.encode" => finder.python_encode(call),
            "authlib.jose.jwt.encode" => finder.key(call.argument(2, &["key"])),
            "python_jwt.process_jwt" if !names.contains(&"python_jwt.verify_jwt") => {
                finder.say(&UNVERIFIED, call.span);
            }
            "jose.jwt.get_unverified_claims" => finder.say(&UNVERIFIED, call.span),
            "jsonwebtoken.verify" | "jsonwebtoken.default.verify" => finder.script_verify(call),
            "jsonwebtoken.sign" | "jsonwebtoken.default.sign" => finder.script_sign(call),
            "jsonwebtoken.decode" if !names.iter().any(|name| name.ends_with(".verify")) => {
                finder.say_softly(&UNVERIFIED, call.span);
            }
            "jwt-simple.decode" => finder.simple_decode(call),
            "express-jwt" | "express-jwt.expressjwt" | "koa-jwt" => finder.middleware(call),
            "jose.decodeJwt" if !names.iter().any(|name| name.starts_with("jose.jwtVerify")) => {
                finder.say_softly(&UNVERIFIED, call.span);
            }
            "jose.UnsecuredJWT.decode" => finder.say(&NONE, call.span),
            _ => {}
        }
    }
    Ok(())
}

struct Finder<'a> {
    report: &'a mut Report,
    subject: String,
}

impl Finder<'_> {
    fn say(&mut self, rule: &'static Rule, span: Span) {
        self.report.finding(rule, span).subject(self.subject.clone());
    }

    fn key(&mut self, key: Option<&Argument>) {
        if let Some(key) = key.filter(|key| key.value.is_empty_key()) {
            self.say(&EMPTY_KEY, key.span);
        }
    }

    fn say_softly(&mut self, rule: &'static Rule, span: Span) {
        self.report
            .finding(rule, span)
            .subject(self.subject.clone())
            .severity(Severity::Low)
            .confidence(Confidence::Low);
    }

    /// `none` and mixed families among the algorithms.
    fn algorithms(&mut self, value: &Value, span: Span) {
        let names = value.texts();
        if names.iter().any(|name| name.eq_ignore_ascii_case("none")) {
            self.say(&NONE, span);
        }
        let hmac = names.iter().any(|name| name.starts_with("HS"));
        let public = names
            .iter()
            .any(|name| ["RS", "ES", "PS", "Ed"].iter().any(|family| name.starts_with(family)));
        if hmac && public {
            self.say(&CONFUSION, span);
        }
    }

    fn python_decode(&mut self, call: &Call) {
        let options = call.argument(3, &["options"]).filter(|o| matches!(o.value, Value::Map(_)));
        let option = |name: &str| options.and_then(|options| options.value.get(name));
        let off = |name: &str| option(name).filter(|(value, _)| **value == Value::Bool(false));
        let verify = call.named("verify").filter(|verify| verify.value == Value::Bool(false));
        let algorithms = call.argument(2, &["algorithms", "algorithm"]);
        if let Some(span) =
            verify.map(|verify| verify.span).or_else(|| off("verify_signature").map(|(_, s)| s))
        {
            self.say(&UNVERIFIED, span);
        } else if let Some(algorithms) = algorithms {
            if algorithms.value == Value::Nothing {
                self.say(&NO_LIST, algorithms.span);
            }
            self.algorithms(&algorithms.value, algorithms.span);
        } else if !call.open && option("...").is_none() {
            self.say(&NO_LIST, call.span);
        }
        if let Some((_, span)) = off("verify_exp") {
            self.say(&EXPIRY, span);
        }
        if let Some(key) = call.argument(1, &["key"])
            && key.value.is_empty_key()
            && verify.is_none()
            && off("verify_signature").is_none()
        {
            self.say(&EMPTY_KEY, key.span);
        }
    }

    fn python_encode(&mut self, call: &Call) {
        if let Some(algorithm) = call.argument(2, &["algorithm"]) {
            let none = algorithm.value == Value::Nothing
                || algorithm.value.texts().iter().any(|name| name.eq_ignore_ascii_case("none"));
            if none {
                self.say(&NONE, algorithm.span);
                return;
            }
        }
        self.key(call.argument(1, &["key"]));
    }

    fn script_verify(&mut self, call: &Call) {
        self.key(call.positional.get(1));
        let options = call.positional.get(2).map(|options| &options.value);
        match options.and_then(|options| options.get("algorithms")) {
            Some((value, span)) => self.algorithms(value, span),
            // The callback may stand in the place of the options; what is only
            // known at run time, or spread in, may hold the list.
            None if !call.open
                && options.is_none_or(|o| {
                    matches!(o, Value::Map(entries)
                if !entries.iter().any(|(name, ..)| name == "..."))
                }) =>
            {
                self.report
                    .finding(&NO_LIST, call.span)
                    .subject(self.subject.clone())
                    .severity(Severity::Low);
            }
            None => {}
        }
        if let Some((Value::Bool(true), span)) = options.and_then(|o| o.get("ignoreExpiration")) {
            self.say(&EXPIRY, span);
        }
    }

    fn script_sign(&mut self, call: &Call) {
        let options = call.positional.get(2).map(|options| &options.value);
        if let Some((value, span)) = options.and_then(|options| options.get("algorithm"))
            && value.texts().iter().any(|name| name.eq_ignore_ascii_case("none"))
        {
            self.say(&NONE, span);
        } else {
            self.key(call.positional.get(1));
        }
    }

    fn simple_decode(&mut self, call: &Call) {
        if let Some(flag) = call.positional.get(2)
            && flag.value == Value::Bool(true)
        {
            self.say(&UNVERIFIED, flag.span);
        }
        match call.positional.get(3) {
            Some(algorithm) => self.algorithms(&algorithm.value, algorithm.span),
            None if call.positional.get(2).is_none() && !call.open => self.say(&NO_LIST, call.span),
            None => {}
        }
    }

    fn middleware(&mut self, call: &Call) {
        let Some(options) = call.positional.first() else { return };
        match options.value.get("algorithms") {
            Some((value, span)) => self.algorithms(value, span),
            None if options.value.get("secret").is_some() && options.value.get("...").is_none() => {
                self.say(&NO_LIST, call.span);
            }
            None => {}
        }
    }
}
