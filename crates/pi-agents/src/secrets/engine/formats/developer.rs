//! Tools of developers.

super::formats! {
    "postman-api-key" "Postman API key" ["pmak-"] Token r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}" 3000;
    "launchdarkly-key" "LaunchDarkly key" ["launchdarkly"] Named r"(?:(?:api|sdk|mob)-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}|[A-Za-z0-9=_-]{40})" 2500;
    "linear-api-key" "Linear API key" ["lin_api_"] Token r"lin_api_[A-Za-z0-9]{40}" 2000;
    "linear-client-secret" "Linear client secret" ["linear"] Named r"[a-f0-9]{32}" 2000;
    "linear-oauth-token" "Linear OAuth token" ["lin_oauth_"] Token r"lin_oauth_[a-f0-9]{64}" 3000;
    "asana-client-id" "Asana client id" ["asana"] Named r"[0-9]{16}" 2000;
    "asana-client-secret" "Asana client secret" ["asana"] Named r"[A-Za-z0-9]{32}" 2500;
    "asana-token" "Asana access token" ["asana"] Named r"[0-9]/[0-9]{16,}(?:/[0-9]{16,})?:[a-f0-9]{32}" 2500;
    "atlassian-api-token" "Atlassian API token" ["atlassian", "confluence", "jira"] Named r"[A-Za-z0-9]{20}[A-F0-9]{4}|[A-Za-z0-9]{24}" 3500;
    "atlassian-api-token-v2" "Atlassian API token" ["atatt3", "atctt3"] Token r"AT[AC]TT3[A-Za-z0-9_=-]{180,210}" 3500;
    "notion-api-token" "Notion token" ["ntn_", "secret_"] Token r"(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})" 3500;
    "figma-token" "Figma token" ["figd_", "figma"] Token r"figd_[A-Za-z0-9_-]{38,44}" 3500;
    "contentful-token" "Contentful token" ["cfpat-"] Token r"CFPAT-[A-Za-z0-9_-]{43}" 3500;
    "contentful-delivery-token" "Contentful delivery token" ["contentful"] Named r"[A-Za-z0-9=_-]{43}" 3500;
    "dynatrace-token" "Dynatrace token" ["dt0c01.", "dt0s0"] Token r"dt0[cs]0[0-9]\.[A-Z0-9]{8,24}\.[A-Z0-9]{64}" 3500;
    "ionic-token" "Ionic token" ["ion_"] Token r"ion_[A-Za-z0-9]{42}" 3500;
    "expo-token" "Expo token" ["expo"] Named r"[A-Za-z0-9_-]{40}" 3500;
    "frameio-token" "Frame.io token" ["fio-u-"] Token r"fio-u-[A-Za-z0-9_=-]{64}" 3500;
    "beamer-api-token" "Beamer API token" ["beamer"] Named r"b_[A-Za-z0-9=_-]{44}" 2500;
    "typeform-api-token" "Typeform token" ["tfp_"] Token r"tfp_[A-Za-z0-9_=.-]{40,60}" 2500;
    "adobe-client-id" "Adobe client id" ["adobe"] Named r"[a-f0-9]{32}" 2000;
    "adobe-client-secret" "Adobe client secret" ["p8e-"] Token r"p8e-[A-Za-z0-9]{32}" 2000;
    "adafruit-api-key" "Adafruit IO key" ["adafruit"] Named r"[A-Za-z0-9_-]{32}" 2500;
    "adafruit-io-key" "Adafruit IO key" ["aio_"] Token r"aio_[A-Za-z0-9]{28}" 3000;
    "defined-networking-token" "Defined Networking token" ["dnkey"] Token r"dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}" 3000;
    "duffel-token" "Duffel token" ["duffel_"] Token r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}" 2500;
    "freemius-secret-key" "Freemius secret key" ["sk_"] Raw r#"["']?secret_key["']?\s*=>\s*["'](sk_[^\s"']{29})["']"# 2500;
    "harness-token" "Harness token" ["pat.", "sat."] Token r"[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}" 3500;
    "percy-token" "Percy token" ["percy"] Named r"(?:web_)?[a-f0-9]{64}" 3000;
    "browserstack-key" "BrowserStack key" ["browserstack"] Named r"[A-Za-z0-9]{20}" 3200;
    "saucelabs-key" "Sauce Labs key" ["sauce"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "etsy-access-token" "Etsy key" ["etsy"] Named r"[a-z0-9]{24}" 3000;
    "rapidapi-key" "RapidAPI key" ["rapidapi"] Named r"[a-z0-9]{10}msh[a-z0-9]{15}p1[a-z0-9]{20}|[A-Za-z0-9]{50}" 3500;
    "intra42-client-secret" "42 intra client secret" ["s-s4t2"] Token r"s-s4t2(?:ud|af)-[abcdef0123456789]{64}" 3000;
    "kubeconfig-client-key" "client key in a kubeconfig" ["client-key-data"] Raw r"client-key-data:\s*([A-Za-z0-9+/]{60,}={0,2})" 3000;
    "kubernetes-secret-data" "value in a Kubernetes Secret" ["kind: secret"] Raw r#"(?s)(?-u:\b)kind:\s*["']?Secret["']?\s.{0,400}?\n(?:data|stringData):\s*\n\s+[0-9A-Za-z_.-]+:\s*["']?([A-Za-z0-9+/=_!@#%^&*-]{8,})"# 2000;
    "netrc-password" "password in .netrc" ["machine "] Raw r"(?m)^\s*machine\s+\S+\s+login\s+\S+\s+password\s+([^\s$<{]{3,})" 1000;
    "pypirc-password" "password in .pypirc" ["[pypi]", "[testpypi]", "[distutils]"] Raw r"(?s)\[(?:pypi|testpypi)\].{0,200}?(?-u:\b)password\s*[:=]\s*([^\s$<{]{4,})" 1500;
    "htpasswd-hash" "password hash of htpasswd" ["$apr1$", "$2y$"] Raw r"[0-9A-Za-z_.-]{1,64}:(\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|\$2y\$[0-9]{2}\$[./A-Za-z0-9]{53})" 3000;
    "wireguard-private-key" "WireGuard private key" ["privatekey", "presharedkey"] Raw r"(?m)^\s*(?:PrivateKey|PresharedKey)\s*=\s*([A-Za-z0-9+/]{43}=)" 3500;
    "jenkins-encrypted-secret" "secret that Jenkins encrypted" ["{aqaaabaaa"] Raw r"\{(AQAAABAAA[A-Za-z0-9+/= _.-]{8,1000})\}" 3000;
}
