//! Providers of models.

super::formats! {
    "openai-api-key" "OpenAI API key" ["t3blbkfj"] Raw r"(?:^|[^0-9A-Za-z_-])(sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,110}|[A-Za-z0-9]{20})T3BlbkFJ(?:[A-Za-z0-9_-]{58}|[A-Za-z0-9_-]{74}|[A-Za-z0-9]{20}))(?:$|[^0-9A-Za-z_-])" 3000;
    "openai-service-key" "OpenAI project key of the long form" ["sk-proj-", "sk-svcacct-", "sk-admin-"] Token r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{120,200}" 3500;
    "anthropic-api-key" "Anthropic API key" ["sk-ant-api"] Token r"sk-ant-api[0-9]{2}-[A-Za-z0-9_-]{93}AA" 3000;
    "anthropic-admin-api-key" "Anthropic administration key" ["sk-ant-admin"] Token r"sk-ant-admin[0-9]{2}-[A-Za-z0-9_-]{93}AA" 3000;
    "anthropic-oauth-token" "Anthropic OAuth token" ["sk-ant-oat", "sk-ant-ort"] Token r"sk-ant-o[ar]t[0-9]{2}-[A-Za-z0-9_-]{80,110}" 3000;
    "huggingface-access-token" "Hugging Face access token" ["hf_"] Token r"hf_[A-Za-z]{34}" 2000;
    "huggingface-organization-token" "Hugging Face organisation token" ["api_org_"] Token r"api_org_[A-Za-z]{34}" 2000;
    "cohere-api-key" "Cohere API key" ["cohere", "co_api_key"] Named r"[A-Za-z0-9]{40}" 3500;
    "perplexity-api-key" "Perplexity API key" ["pplx-"] Token r"pplx-[A-Za-z0-9]{48}" 3500;
    "privateai-api-key" "Private AI API key" ["privateai", "private_ai", "private-ai"] Named r"[a-z0-9]{32}" 3000;
    "groq-api-key" "Groq API key" ["gsk_"] Token r"gsk_[A-Za-z0-9]{52}" 3500;
    "xai-api-key" "xAI API key" ["xai-"] Token r"xai-[A-Za-z0-9]{70,90}" 3500;
    "replicate-api-token" "Replicate API token" ["r8_"] Token r"r8_[A-Za-z0-9]{37}" 3500;
    "mistral-api-key" "Mistral API key" ["mistral"] Named r"[A-Za-z0-9]{32}" 3500;
    "deepseek-api-key" "DeepSeek API key" ["deepseek"] Named r"sk-[a-f0-9]{32}" 3000;
    "openrouter-api-key" "OpenRouter API key" ["sk-or-v1-"] Token r"sk-or-v1-[a-f0-9]{64}" 3000;
    "together-api-key" "Together AI API key" ["together"] Named r"[a-f0-9]{64}" 3200;
    "fireworks-api-key" "Fireworks AI API key" ["fw_"] Token r"fw_[A-Za-z0-9]{22,28}" 3500;
    "cerebras-api-key" "Cerebras API key" ["csk-"] Token r"csk-[a-z0-9]{48}" 3500;
    "nvidia-api-key" "NVIDIA API key" ["nvapi-"] Token r"nvapi-[A-Za-z0-9_-]{60,70}" 3500;
    "langsmith-api-key" "LangSmith API key" ["lsv2_", "ls__"] Token r"(?:lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|ls__[a-f0-9]{32})" 3000;
    "langfuse-secret-key" "Langfuse secret key" ["sk-lf-"] Token r"sk-lf-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" 2500;
    "pinecone-api-key" "Pinecone API key" ["pcsk_"] Token r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{60,66}" 3500;
    "elevenlabs-api-key" "ElevenLabs API key" ["sk_", "elevenlabs", "xi-api-key"] Raw r"(?i:eleven|xi-api-key)[^\n]{0,48}?[^0-9A-Za-z_](sk_[a-f0-9]{48})(?:$|[^0-9A-Za-z])" 3000;
    "stability-api-key" "Stability AI API key" ["stability", "dreamstudio"] Named r"sk-[A-Za-z0-9]{48}" 3500;
    "assemblyai-api-key" "AssemblyAI API key" ["assemblyai"] Named r"[a-f0-9]{32}" 3000;
    "deepgram-api-key" "Deepgram API key" ["deepgram"] Named r"[a-f0-9]{40}" 3000;
    "deepl-api-key" "DeepL API key" [":fx", "deepl"] Infix r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}:fx" 2500;
    "tavily-api-key" "Tavily API key" ["tvly-"] Token r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}" 3500;
    "weights-and-biases-api-key" "Weights & Biases API key" ["wandb"] Named r"[a-f0-9]{40}" 3000;
    "voyage-api-key" "Voyage AI API key" ["pa-"] Token r"pa-[A-Za-z0-9_-]{43}" 4000;
    "jina-api-key" "Jina AI API key" ["jina_"] Token r"jina_[A-Za-z0-9]{32}[A-Za-z0-9_-]{28}" 3500;
}
