-- Methods of groups that are no rows of endpoints/, by group: the modules that have them. Such a module has
--   methods(group) -> name -> function(self, ...), where self.client is the client
-- and is loaded with its group, at the group's first use. A method that is a row already may not be given again.
local WAITS = "heygen.wait.methods"

return {
  ai_clipping = { WAITS },
  assets = { WAITS, "heygen.upload" },
  avatars = { WAITS },
  background_removals = { WAITS },
  filler_word_removals = { WAITS },
  hyperframes = { WAITS },
  lipsyncs = { WAITS },
  models = { WAITS },
  templates = { WAITS },
  video_translations = { WAITS },
  videos = { WAITS },
  voices = { WAITS },
  webhooks = { "heygen.webhook.registration" },
}
