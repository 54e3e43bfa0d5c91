//! Databases, search and analytics.

super::formats! {
    "airtable-token" "Airtable personal access token" ["pat"] Token r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}" 3000;
    "airtable-api-key" "Airtable API key" ["airtable"] Named r"[A-Za-z0-9]{17}" 2500;
    "algolia-api-key" "Algolia API key" ["algolia"] Named r"[A-Za-z0-9]{32}" 2500;
    "clickhouse-cloud-secret-key" "ClickHouse Cloud secret key" ["4b1d"] Token r"4b1d[A-Za-z0-9]{38}" 3000;
    "confluent-access-token" "Confluent key" ["confluent"] Named r"[A-Za-z0-9]{16}" 2500;
    "confluent-secret-key" "Confluent secret" ["confluent"] Named r"[A-Za-z0-9/+]{64}" 3000;
    "databricks-api-token" "Databricks token" ["dapi"] Token r"dapi[a-f0-9]{32}(?:-[0-9])?" 3000;
    "planetscale-token" "PlanetScale token" ["pscale_tkn_"] Token r"pscale_tkn_[0-9A-Za-z_=.-]{32,64}" 3000;
    "planetscale-password" "PlanetScale password" ["pscale_pw_"] Token r"pscale_pw_[0-9A-Za-z_=.-]{32,64}" 3000;
    "planetscale-oauth-token" "PlanetScale OAuth token" ["pscale_oauth_"] Token r"pscale_oauth_[0-9A-Za-z_=.-]{32,64}" 3000;
    "supabase-key" "Supabase key" ["sbp_", "sb_secret_"] Token r"(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{31})" 3000;
    "neon-api-key" "Neon API key" ["napi_"] Token r"napi_[a-z0-9]{64}" 3000;
    "turso-token" "Turso token" ["turso"] Named r"eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}" 3500;
    "upstash-token" "Upstash token" ["upstash"] Named r"[A-Za-z0-9=_-]{40,120}" 3800;
    "influxdb-token" "InfluxDB token" ["influx"] Named r"[A-Za-z0-9_-]{86}==" 4000;
    "elastic-api-key" "Elastic API key" ["elastic", "apikey"] Named r"[A-Za-z0-9_-]{54,62}==" 3800;
    "mongodb-atlas-key" "MongoDB Atlas key" ["atlas"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "fauna-secret" "Fauna secret" ["fnae", "fnac", "fnad", "fnaf"] Token r"fnA[C-F][A-Za-z0-9_-]{36}" 3500;
    "firebase-server-key" "Firebase Cloud Messaging server key" [":apa91b"] Infix r"AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{134}" 3500;
    "redis-cloud-key" "Redis Cloud key" ["rediscloud", "redis_cloud", "redislabs"] Named r"[A-Za-z0-9]{50,56}" 3600;
    "datastax-token" "DataStax Astra token" ["astracs:"] Token r"AstraCS:[A-Za-z]{24}:[a-f0-9]{64}" 3500;
    "mapbox-token" "Mapbox token" ["pk.", "sk.", "tk."] Token r"[pst]k\.[A-Za-z0-9_-]{60,90}\.[A-Za-z0-9_-]{22}" 3000;
    "posthog-key" "PostHog key" ["phx_", "phc_"] Token r"ph[xc]_[A-Za-z0-9]{40,50}" 3500;
    "segment-token" "Segment token" ["sgp_"] Token r"sgp_[A-Za-z0-9]{64}" 3500;
    "mixpanel-secret" "Mixpanel secret" ["mixpanel"] Named r"[a-f0-9]{32}" 3000;
    "amplitude-key" "Amplitude key" ["amplitude"] Named r"[a-f0-9]{32}" 3000;
    "looker-client-id" "Looker client id" ["looker"] Named r"[a-z0-9A-Z]{20}" 2500;
    "looker-client-secret" "Looker client secret" ["looker"] Named r"[a-z0-9A-Z]{24}" 2500;
    "maxmind-license-key" "MaxMind licence key" ["_mmk"] Infix r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk" 3500;
    "ipinfo-token" "IPinfo token" ["ipinfo"] Named r"[a-f0-9]{14}" 2500;
    "ipstack-key" "ipstack key" ["ipstack"] Named r"[a-f0-9]{32}" 3000;
    "openweather-key" "OpenWeather key" ["openweather"] Named r"[a-f0-9]{32}" 3000;
    "kaggle-key" "Kaggle key" ["kaggle"] Named r"[a-f0-9]{32}" 3000;
    "typesense-key" "Typesense key" ["typesense"] Named r"[A-Za-z0-9]{32}" 3500;
    "meilisearch-key" "Meilisearch key" ["meili"] Named r"[A-Za-z0-9_-]{32,64}" 3500;
}
