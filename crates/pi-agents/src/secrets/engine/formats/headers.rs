//! Credentials in headers of requests.

super::formats! {
    "jwt" "JSON Web Token" ["eyj", "ewogi"] Raw r"(?:^|[^0-9A-Za-z_-])(e(?:yJ|wo)[A-Za-z0-9_/+-]{10,}={0,2}\.e(?:yJ|wo)[A-Za-z0-9_/+-]{4,}={0,2}\.[A-Za-z0-9_/+-]{8,}={0,2})" 3000 Jwt;
    "jwt-base64" "JSON Web Token in base64" ["zxlk", "v5slg", "lsmf"] Raw r"(?:^|[^0-9A-Za-z+/])(ZXlK[A-Za-z0-9+/]{60,}={0,2})" 4500;
    "curl-auth-header" "credential in a header of curl" ["curl"] Raw r#"(?i)(?-u:\b)curl(?-u:\b)(?:[^\n]|\\\r?\n){0,400}?\s(?:-H|--header)[ =]{0,3}["'](?:Authorization:\s*(?:(?:Bearer|Token|Api-?(?:Token|Key)|Key)\s+)?|(?:X-)?(?:Api-?|Auth-?|Access-?|Private-?|Vault-?|Gitlab-?)?(?:Key|Token):\s*)([0-9A-Za-z_=~@.+/-]{8,})["'\s]"# 2750;
    "authorization-header" "credential in an Authorization header" ["authorization"] Raw r#"(?i)authorization["'`\]]{0,2}\s*[:=,]{1,2}\s*["'`]?(?:Bearer|Token|ApiKey|Api-Key|Bot)\s+([0-9A-Za-z_=~@.+/-]{16,})"# 3000;
    "basic-auth-header" "user and password in an Authorization header" ["basic"] Raw r#"(?i)authorization["'`\]]{0,2}\s*[:=,]{1,2}\s*["'`]?Basic\s+([A-Za-z0-9+/]{8,}={0,2})(?:$|["'`\s\\])"# 2500 Base64;
}
