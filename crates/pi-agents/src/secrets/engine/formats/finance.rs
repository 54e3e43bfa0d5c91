//! Payments, banks and exchanges.

super::formats! {
    "stripe-access-token" "Stripe secret key" ["sk_test", "sk_live", "sk_prod", "rk_test", "rk_live", "rk_prod"] Token r"[sr]k_(?:test|live|prod)_[A-Za-z0-9]{10,110}" 2000;
    "stripe-webhook-secret" "Stripe webhook secret" ["whsec_"] Token r"whsec_[A-Za-z0-9+/=]{32,64}" 3000;
    "square-access-token" "Square access token" ["eaaa", "sq0atp-"] Token r"(?:EAAA|sq0atp-)[0-9A-Za-z_-]{22,60}" 3000;
    "square-secret" "Square OAuth secret" ["sq0csp-", "sq0idp-"] Token r"sq0(?:csp|idp)-[0-9A-Za-z_-]{22,43}" 3000;
    "paypal-braintree-token" "Braintree access token" ["access_token$"] Token r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}" 3000;
    "paypal-client-secret" "PayPal client secret" ["paypal"] Named r"E[A-Za-z0-9_-]{79}" 3500;
    "plaid-secret-key" "Plaid secret" ["plaid"] Named r"[A-Za-z0-9]{30}" 2500;
    "plaid-client-id" "Plaid client id" ["plaid"] Named r"[A-Za-z0-9]{24}" 3000;
    "plaid-api-token" "Plaid access token" ["access-sandbox-", "access-development-", "access-production-"] Token r"access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" 2500;
    "shopify-shared-secret" "Shopify shared secret" ["shpss_"] Token r"shpss_[a-fA-F0-9]{32}" 2000;
    "shopify-access-token" "Shopify access token" ["shpat_"] Token r"shpat_[a-fA-F0-9]{32}" 2000;
    "shopify-custom-access-token" "Shopify custom app token" ["shpca_"] Token r"shpca_[a-fA-F0-9]{32}" 2000;
    "shopify-private-app-access-token" "Shopify private app token" ["shppa_"] Token r"shppa_[a-fA-F0-9]{32}" 2000;
    "flutterwave-secret-key" "Flutterwave secret key" ["flwseck"] Token r"FLWSECK(?:_TEST)?-[A-Ha-h0-9]{32}-X" 2000;
    "flutterwave-public-key" "Flutterwave public key" ["flwpubk"] Token r"FLWPUBK(?:_TEST)?-[A-Ha-h0-9]{32}-X" 2000;
    "flutterwave-encryption-key" "Flutterwave encryption key" ["flwseck_test"] Token r"FLWSECK_TEST-?[A-Ha-h0-9]{12}" 2000;
    "gocardless-api-token" "GoCardless token" ["gocardless"] Named r"(?:live|sandbox)_[A-Za-z0-9_=-]{40}" 2500;
    "finicity-client-secret" "Finicity client secret" ["finicity"] Named r"[A-Za-z0-9]{20}" 2500;
    "finicity-api-token" "Finicity token" ["finicity"] Named r"[a-f0-9]{32}" 2500;
    "easypost-api-token" "EasyPost API token" ["ezak"] Raw r#"(?:^|[^0-9A-Za-z_+/])(EZAK[A-Za-z0-9]{54})(?:$|[^0-9A-Za-z_+/])"# 2000;
    "easypost-test-api-token" "EasyPost test token" ["eztk"] Raw r#"(?:^|[^0-9A-Za-z_+/])(EZTK[A-Za-z0-9]{54})(?:$|[^0-9A-Za-z_+/])"# 2000;
    "shippo-api-token" "Shippo token" ["shippo_"] Token r"shippo_(?:live|test)_[a-fA-F0-9]{40}" 2000;
    "lob-api-key" "Lob API key" ["lob"] Named r"(?:live|test)_[a-f0-9]{35}" 2500;
    "lob-pub-api-key" "Lob publishable key" ["lob"] Named r"(?:test|live)_pub_[a-f0-9]{31}" 2500;
    "coinbase-access-token" "Coinbase token" ["coinbase"] Named r"[A-Za-z0-9_-]{64}" 3000;
    "bittrex-key" "Bittrex key" ["bittrex"] Named r"[A-Za-z0-9]{32}" 2500;
    "kraken-access-token" "Kraken key" ["kraken"] Named r"[A-Za-z0-9/=_+-]{80,90}" 2500;
    "kucoin-access-token" "KuCoin key" ["kucoin"] Named r"[a-f0-9]{24}" 2000;
    "kucoin-secret-key" "KuCoin secret" ["kucoin"] Named r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" 2000;
    "binance-key" "Binance key" ["binance"] Named r"[A-Za-z0-9]{64}" 3800;
    "bitmex-key" "BitMEX secret" ["bitmex"] Named r"[A-Za-z0-9_-]{48}" 3500;
    "freshbooks-access-token" "FreshBooks token" ["freshbooks"] Named r"[A-Za-z0-9]{64}" 2500;
    "razorpay-key" "Razorpay key" ["rzp_live_", "rzp_test_"] Token r"rzp_(?:live|test)_[A-Za-z0-9]{14}" 3000;
    "paystack-key" "Paystack key" ["paystack", "sk_live_", "sk_test_"] Named r"sk_(?:live|test)_[a-f0-9]{40}" 3000;
    "adyen-key" "Adyen key" ["aqe"] Token r"AQE[A-Za-z0-9]{2,8}[A-Za-z0-9+/=.-]{100,200}" 3500;
    "mollie-key" "Mollie key" ["mollie"] Named r"(?:live|test)_[A-Za-z0-9]{30}" 3000;
    "dwolla-key" "Dwolla secret" ["dwolla"] Named r"[A-Za-z0-9]{50}" 3500;
    "alchemy-key" "Alchemy key" ["alchemy"] Raw r"alchemy(?:api\.io|\.com)/v2/([A-Za-z0-9_-]{32})" 3500;
    "infura-key" "Infura key" ["infura.io"] Raw r"infura\.io/v3/([0-9a-f]{32})" 3000;
    "etherscan-key" "Etherscan key" ["etherscan"] Named r"[A-Z0-9]{34}" 3500;
    "ethereum-private-key" "Ethereum private key" ["private_key", "privatekey", "wallet", "mnemonic_key", "deployer"] Named r"0x[0-9a-fA-F]{64}" 3000;
}
