-- Uses the module wrongly: in each marked line the type checker (.ci/types.lua) must find what the mark says, and
-- nothing in the others. Never run.
local heygen = require "heygen"

local client = heygen.new { api_key = 3 } -- param-type-mismatch
heygen.gnu() -- undefined-field

client:generat { prompt = "x" } -- undefined-field
client.videoz:get "x" -- undefined-field
client.videos:gett "x" -- undefined-field
client.videos:get(3) -- param-type-mismatch
client.videos:list { limit = "all" } -- param-type-mismatch

client:create { orientation = "landscape" } -- missing-fields, param-type-mismatch
client:create { prompt = "x", orientation = "sideways" } -- assign-type-mismatch
client:generate { prompt = "x", wait = { timeout = "long" } } -- assign-type-mismatch

local video, _, err = client.videos:get "x"
if video and err then
  print(video.durration) -- undefined-field
  print(err.knid) -- undefined-field
end

client:download(video, "x.mp4", { overwrite = "yes" }) -- param-type-mismatch
client:wait("x", { on_progress = 5 }) -- param-type-mismatch

local display = heygen.progress { columns = "wide" } -- param-type-mismatch
display:barr "x" -- undefined-field

client.webhooks:create_endpoint { url = "https://example.com/hook", events = "all" } -- assign-type-mismatch
client.voices:speech { text = "Hello" } -- missing-fields, param-type-mismatch
client.videos:create { type = "video" } -- assign-type-mismatch
client.assets:upload(3) -- param-type-mismatch
client.assets:upload("plan.pdf", { checksum = "sha256" }) -- param-type-mismatch
client:create { prompt = "x", on_upload = "bar" } -- assign-type-mismatch
