//! Other services.

super::formats! {
    "dropbox-api-token" "Dropbox app secret" ["dropbox"] Named r"[A-Za-z0-9]{15}" 2500;
    "dropbox-short-lived-token" "Dropbox short-lived token" ["sl."] Token r"sl\.(?:u\.)?[A-Za-z0-9_=-]{130,160}" 3500;
    "dropbox-long-lived-token" "Dropbox token" ["dropbox"] Named r"[A-Za-z0-9]{11}AAAAAAAAAA[A-Za-z0-9_=-]{43}" 3000;
    "hubspot-token" "HubSpot token" ["pat-na", "pat-eu"] Token r"pat-(?:na|eu)[0-9]-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "hubspot-api-key" "HubSpot key" ["hubspot"] Named r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}" 2500;
    "intercom-api-key" "Intercom token" ["intercom"] Named r"[A-Za-z0-9=_-]{60}" 2500;
    "zendesk-secret-key" "Zendesk token" ["zendesk"] Named r"[A-Za-z0-9]{40}" 2500;
    "freshdesk-key" "Freshdesk key" ["freshdesk"] Named r"[A-Za-z0-9]{20}" 3200;
    "salesforce-token" "Salesforce session or token" ["00d"] Token r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{60,130}" 3500;
    "lokalise-key" "Lokalise token" ["lokalise"] Named r"[a-f0-9]{40}" 3000;
    "squarespace-access-token" "Squarespace token" ["squarespace"] Named r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}" 2500;
    "webflow-token" "Webflow token" ["webflow"] Named r"[a-f0-9]{64}" 3000;
    "monday-token" "monday.com token" ["monday"] Named r"eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}" 3500;
    "clickup-token" "ClickUp token" ["pk_"] Token r"pk_[0-9]{6,9}_[A-Z0-9]{32}" 3000;
    "trello-token" "Trello token" ["trello", "atta"] Named r"(?:ATTA[a-f0-9]{72}|[a-f0-9]{64}|[a-f0-9]{32})" 3000;
    "pipedrive-token" "Pipedrive token" ["pipedrive"] Named r"[a-f0-9]{40}" 3000;
    "calendly-key" "Calendly key" ["calendly"] Named r"[A-Z0-9]{32}" 3500;
    "bitly-token" "Bitly token" ["bitly"] Named r"[a-f0-9]{40}" 3000;
    "box-secret" "Box secret" ["box_client", "boxclient", "box-client"] Named r"[A-Za-z0-9]{32}" 3200;
    "nytimes-access-token" "New York Times key" ["nytimes", "new-york-times", "newyorktimes"] Named r"[A-Za-z0-9=_-]{32}" 2500;
    "tinypng-key" "TinyPNG key" ["tinypng", "tinify"] Named r"[A-Za-z0-9]{32}" 3500;
    "cloudinary-url" "Cloudinary URL with credentials" ["cloudinary://"] Raw r"cloudinary://[0-9]{12,18}:([A-Za-z0-9_-]{27})@" 3000;
    "imgur-secret" "Imgur secret" ["imgur"] Named r"[a-f0-9]{40}" 3000;
    "unsplash-key" "Unsplash key" ["unsplash"] Named r"[A-Za-z0-9_-]{43}" 3500;
    "yelp-key" "Yelp key" ["yelp"] Named r"[A-Za-z0-9_-]{120,130}" 3500;
    "here-key" "HERE key" ["here_api", "hereapi", "here-api"] Named r"[A-Za-z0-9_-]{43}" 3500;
    "tomtom-key" "TomTom key" ["tomtom"] Named r"[A-Za-z0-9]{32}" 3500;
    "pendo-key" "Pendo key" ["pendo"] Named r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}(?:\.[a-z]{2})?" 2500;
    "zapier-webhook" "Zapier webhook" ["hooks.zapier.com"] Raw r"hooks\.zapier\.com/hooks/catch/([0-9]{5,9}/[A-Za-z0-9]{6,10})" 2500;
    "clerk-key" "Clerk key" ["clerk"] Named r"sk_(?:live|test)_[A-Za-z0-9]{40,60}" 3500;
    "workos-key" "WorkOS key" ["workos"] Named r"sk_(?:live|test)?_?[A-Za-z0-9]{40,100}" 3500;
    "stytch-secret" "Stytch secret" ["secret-test-", "secret-live-"] Token r"secret-(?:test|live)-[A-Za-z0-9_=-]{36}" 3000;
}
