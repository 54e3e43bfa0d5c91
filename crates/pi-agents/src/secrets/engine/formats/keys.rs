//! Private keys.

super::formats! {
    "private-key" "private key" ["private key"] Raw r#"(?i)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----([\s\\A-Za-z0-9/+=:,.()@<>'"*#;|_-]{64}[\s\\A-Za-z0-9/+=:,.()@<>'"*#;|_-]*?)(?:-----END)"# 3500;
    "private-key-cut" "private key without its end" ["private key-----"] Raw r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY-----[\s\\rn'\x22+]*([A-Za-z0-9/+=\s\\rn]{120,})" 4000;
    "putty-private-key" "PuTTY private key" ["putty-user-key-file-"] Raw r"(?s)(PuTTY-User-Key-File-[0-9]: .{0,600}?Private-Lines: [0-9]+\s+[A-Za-z0-9+/=]{16,})" 3500;
    "age-secret-key" "age secret key" ["age-secret-key-1"] Token r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}" 3000 Bech32;
    "jwk-private-key" "private key as JSON Web Key" ["\"kty\""] Raw r#"(?s)"kty"\s*:\s*"(?:RSA|EC|OKP)"[^}]{0,4000}?"d"\s*:\s*"([A-Za-z0-9_-]{40,})""# 3500;
    "pkcs12-base64" "PKCS #12 container in base64" ["miik", "miij", "miil"] Raw r#"(?i:p12|pfx|pkcs12)[^\n]{0,40}?["'=:\s](MII[JKL][A-Za-z0-9+/]{200,}={0,2})"# 4000;
    "minisign-secret-key" "minisign secret key" ["rwrty"] Token r"RWRTY[0-9A-Za-z+/]{200,}={0,2}" 4000;
    "nkey-seed" "NATS NKey seed" [] Infix r"S[UOA]A[A-Z2-7]{55}" 3500;
}
