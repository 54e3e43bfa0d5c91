//! Credentials in URLs, connection strings and command lines.

super::formats! {
    "url-credentials" "password in a URL" ["://"] Raw r#"(?:^|[^A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/?#\[\]@"'<>]{0,128}:([^\s:/?#\[\]@"'<>]{1,256})@[A-Za-z0-9\[_]"# 0;
    "connection-string-password" "password in a connection string" ["password", "pwd"] Raw r#"(?i)[0-9A-Za-z_ ]{2,30}=[^;=\n]{1,200};[ \t]*(?:password|pwd)[ \t]*=[ \t]*("[^"\n]{3,}"|'[^'\n]{3,}'|\{[^}\n]{3,}\}|[^\s;"'{}]{3,})(?:;|$|["'\s])"# 0;
    "jdbc-password" "password in a JDBC URL" ["jdbc:"] Raw r#"jdbc:[a-z0-9]+:[^\s"']*?[?&;](?:password|pwd)=([^\s&;"'<>]{3,})"# 0;
    "curl-user" "password on the command line of curl" ["curl"] Raw r#"(?-u:\b)curl(?-u:\b)(?:[^\n]|\\\r?\n){0,300}?\s(?:-[a-zA-Z]{0,5}u|--user|--proxy-user)[ =]{0,3}("[^"\n]{0,128}:[^"\n]{0,128}"|'[^'\n]{0,128}:[^'\n]{0,128}'|[^\s"':]{0,128}:(?:"[^"\n]{0,128}"|'[^'\n]{0,128}'|[^\s"']{1,128}))"# 0;
    "docker-login-password" "password on the command line" ["docker login", "sshpass", "mysql", "htpasswd", "az login", "psql"] Raw r#"(?:docker\s+login(?-u:\b)[^\n]{0,200}?\s(?:-p|--password)[= ]|sshpass\s+-p\s*|mysql(?:dump|admin)?(?-u:\b)[^\n]{0,100}?\s(?:-p|--password=))["']?([^\s"'$<>{}-][^\s"'$<>{}]{3,64})"# 1500;
}
