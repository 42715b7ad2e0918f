-- Notices what a careless client would have paid for twice: the same job, made again.
local text = require "heygen.sim.core.text"

local duplicates = {}

-- What costs something.
local MAKES = {
  ["video_agents.create"] = true,
  ["videos.create"] = true,
  ["videos.create_batch"] = true,
  ["templates.generate"] = true,
  ["hyperframes.create_render"] = true,
  ["video_translations.create"] = true,
  ["video_translations.create_batch"] = true,
  ["lipsyncs.create"] = true,
  ["lipsyncs.create_batch"] = true,
  ["ai_clipping.create"] = true,
  ["background_removals.create"] = true,
  ["filler_word_removals.create"] = true,
  ["models.create_video"] = true,
}

local function digest(body)
  if #body <= 96 then
    return body
  end
  return string.format("%s %d %d %s", body:sub(1, 32), #body, text.hash(body), body:sub(-32))
end

--- Notes a request that has made something. It is a duplicate when one with the same idempotency key has made something
--- before; without a key, when one with the very same body has. One with the very same body is counted as such whatever
--- its key is: a program that was killed and started again has another key.
---@param model table
---@param endpoint table a row of the contract
---@param request table
---@param path string
function duplicates.note(model, endpoint, request, path)
  if not MAKES[endpoint.id] then
    return
  end
  local key = request.headers["idempotency-key"]
  local body = path .. " body " .. digest(request.body or "")
  local name = key and path .. " key " .. key or body
  if model.made[name] == "made" then
    model.journal:count "duplicates"
  end
  if model.made[body] then
    model.journal:count "same_body"
  end
  model.made[body] = model.made[body] or "with a key"
  model.made[name] = "made"
end

return duplicates
