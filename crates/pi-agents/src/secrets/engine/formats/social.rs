//! Social networks.

super::formats! {
    "facebook-access-token" "Facebook app access token" ["|"] Raw r#"(?:^|[^0-9A-Za-z])([0-9]{15,16}(?:\||%7[cC])[0-9A-Za-z_-]{27,40})(?:$|[^0-9A-Za-z_-])"# 3000;
    "facebook-page-access-token" "Facebook page access token" ["eaam", "eaac"] Token r"EAA[MC][A-Za-z0-9]{100,300}" 4000;
    "facebook-secret" "Facebook app secret" ["facebook"] Named r"[a-f0-9]{32}" 3000;
    "twitter-api-key" "Twitter API key" ["twitter"] Named r"[A-Za-z0-9]{25}" 2500;
    "twitter-api-secret" "Twitter API secret" ["twitter"] Named r"[A-Za-z0-9]{50}" 2500;
    "twitter-access-token" "Twitter access token" ["twitter"] Named r"[0-9]{15,25}-[A-Za-z0-9]{20,40}" 2500;
    "twitter-access-secret" "Twitter access secret" ["twitter"] Named r"[A-Za-z0-9]{45}" 2500;
    "twitter-bearer-token" "Twitter bearer token" ["aaaaaaaaaaaaaaaaaaaaa"] Token r"A{21,24}[A-Za-z0-9%]{80,100}" 2500;
    "linkedin-client-id" "LinkedIn client id" ["linkedin", "linked_in", "linked-in"] Named r"[A-Za-z0-9]{14}" 2500;
    "linkedin-client-secret" "LinkedIn client secret" ["linkedin", "linked_in", "linked-in"] Named r"[A-Za-z0-9]{16}" 2500;
    "instagram-token" "Instagram token" ["igqv", "igaa"] Token r"IG(?:QV|AA)[A-Za-z0-9_-]{60,220}" 3500;
    "flickr-access-token" "Flickr key" ["flickr"] Named r"[A-Za-z0-9]{32}" 2500;
    "twitch-api-token" "Twitch token" ["twitch"] Named r"[a-z0-9]{30}" 2500;
    "spotify-client-secret" "Spotify client secret" ["spotify"] Named r"[a-f0-9]{32}" 3000;
    "reddit-client-secret" "Reddit client secret" ["reddit"] Named r"[A-Za-z0-9_-]{27,30}" 3500;
    "pinterest-token" "Pinterest token" ["pina_"] Token r"pina_[A-Za-z0-9_-]{50,120}" 3500;
    "giphy-key" "Giphy key" ["giphy"] Named r"[A-Za-z0-9]{32}" 3500;
    "steam-key" "Steam web API key" ["steam"] Named r"[A-F0-9]{32}" 3000;
    "riot-key" "Riot Games key" ["rgapi-"] Token r"RGAPI-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "strava-secret" "Strava secret" ["strava"] Named r"[a-f0-9]{40}" 3000;
    "vk-token" "VK token" ["vk1.a."] Token r"vk1\.a\.[A-Za-z0-9_-]{80,250}" 3500;
}
