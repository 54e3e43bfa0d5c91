//! Logs, metrics, errors and alerts.

super::formats! {
    "datadog-access-token" "Datadog key" ["datadog", "dd_api", "dd_app", "dd-api"] Named r"(?:[A-Za-z0-9]{40}|[a-f0-9]{32})" 2500;
    "grafana-api-key" "Grafana API key" ["eyjrijoi"] Raw r#"(?:^|[^0-9A-Za-z_])(eyJrIjoi[A-Za-z0-9+/]{70,400}={0,3})(?:$|[^0-9A-Za-z+/=])"# 3000;
    "grafana-cloud-api-token" "Grafana Cloud token" ["glc_"] Raw r#"(?:^|[^0-9A-Za-z_])(glc_[A-Za-z0-9+/]{32,400}={0,3})(?:$|[^0-9A-Za-z+/=_])"# 3000;
    "grafana-service-account-token" "Grafana service account token" ["glsa_"] Token r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}" 3000;
    "new-relic-user-api-key" "New Relic user key" ["nrak"] Token r"NRAK-[A-Za-z0-9]{27}" 3000;
    "new-relic-insert-key" "New Relic insert key" ["nrii-"] Token r"NRII-[A-Za-z0-9_-]{32}" 2500;
    "new-relic-browser-api-token" "New Relic browser token" ["nrjs-"] Token r"NRJS-[a-f0-9]{19}" 2500;
    "new-relic-license-key" "New Relic licence key" ["nral"] Infix r"[a-f0-9]{36}(?:FFFF)?NRAL" 3000;
    "new-relic-user-api-id" "New Relic key" ["new-relic", "newrelic", "new_relic"] Named r"[A-Za-z0-9]{64}" 3000;
    "sentry-access-token" "Sentry access token" ["sentry"] Named r"[a-f0-9]{64}" 3000;
    "sentry-org-token" "Sentry organisation token" ["sntrys_eyjpyxqio"] Raw r"(?:^|[^0-9A-Za-z_])(sntrys_eyJpYXQiO[A-Za-z0-9+/]{10,400}={0,2}_[A-Za-z0-9+/]{43})(?:$|[^0-9A-Za-z+/])" 4000;
    "sentry-user-token" "Sentry user token" ["sntryu_"] Token r"sntryu_[a-f0-9]{64}" 3500;
    "sumologic-access-id" "Sumo Logic access id" ["sumo"] Named r"su[A-Za-z0-9]{12}" 3000;
    "sumologic-access-token" "Sumo Logic access key" ["sumo"] Named r"[A-Za-z0-9]{64}" 3000;
    "pagerduty-key" "PagerDuty key" ["pagerduty", "pager_duty"] Named r"(?:[a-f0-9]{32}|[A-Za-z0-9+_-]{20})" 3000;
    "opsgenie-key" "Opsgenie key" ["opsgenie"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "honeycomb-key" "Honeycomb key" ["hcaik_", "hcamk_"] Token r"hca[im]k_[a-z0-9]{58}" 3500;
    "honeycomb-legacy-key" "Honeycomb key" ["honeycomb"] Named r"(?:[a-f0-9]{32}|[A-Za-z0-9]{22})" 3000;
    "logdna-key" "LogDNA key" ["logdna"] Named r"[a-f0-9]{32}" 3000;
    "loggly-token" "Loggly token" ["loggly"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "logzio-token" "Logz.io token" ["logz"] Named r"[A-Za-z]{32}" 3500;
    "rollbar-token" "Rollbar token" ["rollbar"] Named r"[a-f0-9]{32}" 3000;
    "bugsnag-key" "Bugsnag key" ["bugsnag"] Named r"[a-f0-9]{32}" 3000;
    "splunk-token" "Splunk token" ["splunk"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "elastic-apm-token" "Elastic APM token" ["apm_secret", "apm-secret"] Named r"[A-Za-z0-9]{18,40}" 3000;
    "better-stack-token" "Better Stack token" ["betterstack", "betteruptime", "logtail"] Named r"[A-Za-z0-9]{24}" 3200;
    "checkly-key" "Checkly key" ["cu_"] Token r"cu_[a-f0-9]{32}" 3000;
    "statuspage-key" "Statuspage key" ["statuspage"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "axiom-token" "Axiom token" ["xaat-", "xapt-"] Token r"xa[ap]t-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
}
