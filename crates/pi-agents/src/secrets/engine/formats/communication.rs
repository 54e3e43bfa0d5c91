//! Mail, chat and telephony.

super::formats! {
    "slack-bot-token" "Slack bot token" ["xoxb-"] Token r"xoxb-[0-9]{10,13}-[0-9]{10,13}[A-Za-z0-9-]*" 2500;
    "slack-legacy-bot-token" "Slack bot token of the old form" ["xoxb-"] Token r"xoxb-[0-9]{8,14}-[A-Za-z0-9]{18,26}" 2500;
    "slack-user-token" "Slack user token" ["xoxp-", "xoxe-"] Token r"xox[pe](?:-[0-9]{10,13}){3}-[A-Za-z0-9-]{28,34}" 2500;
    "slack-app-token" "Slack app-level token" ["xapp-"] Token r"(?i:xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]+)" 2500;
    "slack-config-access-token" "Slack configuration access token" ["xoxe.xox"] Token r"(?i:xoxe\.xox[bp]-[0-9]-[A-Z0-9]{163,166})" 2500;
    "slack-config-refresh-token" "Slack configuration refresh token" ["xoxe-"] Token r"(?i:xoxe-[0-9]-[A-Z0-9]{146})" 2500;
    "slack-legacy-token" "Slack token of the old form" ["xoxs-", "xoxo-"] Token r"xox[os]-[0-9]+-[0-9]+-[0-9]+-[A-Fa-f0-9]+" 2500;
    "slack-workspace-token" "Slack workspace token" ["xoxa-", "xoxr-"] Token r"xox[ar]-(?:[0-9]-)?(?:[0-9A-Za-z-]{8,80})" 2500;
    "slack-session-token" "Slack session token" ["xoxc-", "xoxd-"] Token r"xox[cd]-[0-9A-Za-z%+/=-]{40,300}" 3000;
    "slack-webhook-url" "Slack webhook" ["hooks.slack.com"] Raw r"hooks\.slack\.com/((?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60})" 2500;
    "discord-bot-token" "Discord bot token" [] Infix r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}" 3500;
    "discord-api-token" "Discord token or client secret" ["discord"] Named r"(?:[a-f0-9]{64}|[A-Za-z0-9=_-]{32})" 2500;
    "discord-client-id" "Discord client id" ["discord"] Named r"[0-9]{18,19}" 2000;
    "discord-webhook" "Discord webhook" ["/api/webhooks/"] Raw r"(?:discord|discordapp)\.com/api/webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{60,80})" 3000;
    "teams-webhook" "Microsoft Teams webhook" ["webhook.office.com"] Raw r"webhook\.office\.com/(webhookb?2?/[a-z0-9-]{36}@[a-z0-9-]{36}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9-]{36})" 3000;
    "telegram-bot-token" "Telegram bot token" [":a"] Raw r"(?:^|[^0-9A-Za-z:_-])(?:bot)?([0-9]{8,10}:[A-Za-z0-9_-]{35})(?:$|[^0-9A-Za-z_-])" 3500;
    "twilio-api-key" "Twilio API key" [] Infix r"SK[0-9a-z]{32}" 0;
    "twilio-account-sid" "Twilio account id" [] Infix r"AC[0-9a-z]{32}" 0;
    "twilio-auth-token" "Twilio auth token" ["twilio"] Named r"[0-9a-f]{32}" 3000;
    "sendgrid-api-key" "SendGrid API key" ["sg."] Token r"(?i:SG\.[A-Za-z0-9=_-]{20,24}\.[A-Za-z0-9=_-]{39,50}|SG\.[A-Za-z0-9=_.-]{66})" 3000;
    "sendinblue-api-key" "Brevo (Sendinblue) API key" ["xkeysib-", "xsmtpsib-"] Token r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}" 3000;
    "mailchimp-api-key" "Mailchimp API key" ["-us"] Raw r#"(?:^|[^0-9A-Za-z])([0-9a-f]{32}-us[0-9]{1,2})(?:$|[^0-9A-Za-z])"# 3000;
    "mailgun-private-key" "Mailgun private key" ["key-"] Token r"key-[a-f0-9]{32}" 3000;
    "mailgun-public-key" "Mailgun public key" ["pubkey-"] Token r"pubkey-[a-f0-9]{32}" 3000;
    "mailgun-signing-key" "Mailgun signing key" ["mailgun"] Named r"[a-h0-9]{32}-[a-h0-9]{8}-[a-h0-9]{8}" 2500;
    "mandrill-api-key" "Mandrill API key" ["md-", "mandrill"] Raw r"(?i:mandrill)[^\n]{0,40}?[^0-9A-Za-z_](md-[A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{22})(?:$|[^0-9A-Za-z_-])" 3500;
    "postmark-token" "Postmark server token" ["postmark"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "sparkpost-api-key" "SparkPost API key" ["sparkpost"] Named r"[a-f0-9]{40}" 3000;
    "mailjet-key" "Mailjet key" ["mailjet"] Named r"[a-f0-9]{32}" 3000;
    "resend-api-key" "Resend API key" ["re_"] Token r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}" 3500;
    "messagebird-api-key" "MessageBird API key" ["messagebird", "message_bird", "message-bird"] Named r"(?:[A-Za-z0-9]{25}|[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})" 2500;
    "nexmo-api-secret" "Vonage (Nexmo) secret" ["nexmo", "vonage"] Named r"[A-Za-z0-9]{16}" 2800;
    "plivo-auth-token" "Plivo token" ["plivo"] Named r"[A-Za-z0-9]{40}" 3500;
    "sendbird-token" "Sendbird token" ["sendbird"] Named r"(?:[a-f0-9]{40}|[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})" 2500;
    "mattermost-access-token" "Mattermost access token" ["mattermost"] Named r"[a-z0-9]{26}" 2500;
    "gitter-access-token" "Gitter access token" ["gitter"] Named r"[a-z0-9_-]{40}" 2500;
    "zoom-jwt-secret" "Zoom secret" ["zoom"] Named r"[A-Za-z0-9]{32,36}" 3600;
    "onesignal-api-key" "OneSignal API key" ["os_v2_"] Token r"os_v2_(?:app|org)_[a-z0-9]{100,110}" 3000;
    "line-channel-token" "LINE channel secret" ["line_channel", "linechannel"] Named r"(?:[a-f0-9]{32}|[A-Za-z0-9/+=]{150,200})" 3000;
}
