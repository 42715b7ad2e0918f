-- The groups of the API, in the order of the reference. Each has its rows in a file next to this one, which is loaded
-- when the group is first used.
return {
  "video_agents",
  "videos",
  "assets",
  "webhooks",
  "users",
  "voices",
  "audio",
  "avatars",
  "brand_kits",
  "brand_glossaries",
  "templates",
  "video_translations",
  "lipsyncs",
  "background_removals",
  "ai_clipping",
  "filler_word_removals",
  "hyperframes",
  "folders",
  "models",
}
