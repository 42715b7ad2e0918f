-- The pages' questions, answered in JSON:
--   POST /videos               {id, prompt, orientation}: orders a video
--   GET  /videos/<id>          how far it is
--   POST /videos/<id>/cancel
--   GET  /videos/<id>/file    leads to its file
local core = require "heygen.core"
local ngx = require "ngx"

local studio = require "studio"
local words = require "words"

local web = {}

local LONGEST_PROMPT = 10000 -- characters
local UUID = "^" .. ("%x"):rep(8) .. ("%-" .. ("%x"):rep(4)):rep(3) .. "%-" .. ("%x"):rep(12) .. "$"
local ORIENTATIONS = { landscape = true, portrait = true }

local function reply(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(core.encode(value))
end

local function refuse(status, problem)
  return reply(status, { problem = problem })
end

-- What the page gets to see: not the ids of the service, which say nothing to a visitor but in `detail`.
local function show(video)
  return reply(200, {
    id = video.id,
    prompt = video.prompt,
    state = video.state,
    text = words.status(video),
    progress = video.progress,
    age = ngx.time() - video.began,
    seconds = video.seconds,
    problem = video.problem,
    detail = video.detail,
    unsure = video.unsure,
  })
end

-- The order in the body; or nil and why it is none.
local function read_order()
  ngx.req.read_body()
  local order = core.decode(ngx.req.get_body_data() or "")
  if type(order) ~= "table" or type(order.id) ~= "string" or not order.id:find(UUID) then
    return nil, words.no_order
  elseif type(order.prompt) ~= "string" or not order.prompt:find "%S" then
    return nil, words.no_prompt
  elseif order.orientation ~= nil and not ORIENTATIONS[order.orientation] then
    return nil, words.no_order
  end
  local length = core.utf8_length(order.prompt)
  if not length then
    return nil, words.no_order
  elseif length > LONGEST_PROMPT then
    return nil,
      ("The prompt has %s characters. At most %s are possible."):format(
        words.count(length),
        words.count(LONGEST_PROMPT)
      )
  end
  return order
end

local function order_video()
  -- Pages of other sites cannot send this type without asking first, and are never allowed to.
  if not (ngx.var.content_type or ""):find "^application/json" then
    return refuse(415, words.no_order)
  end
  local order, problem = read_order()
  if not order then
    return refuse(400, problem)
  end
  local video
  video, problem = studio.order(order)
  if not video then
    return refuse(503, problem)
  end
  return show(video)
end

local function show_video(id)
  local video = studio.video(id)
  if not video then
    return refuse(404, words.no_video)
  end
  return show(video)
end

local function cancel_video(id)
  local video = studio.cancel(id)
  if not video then
    return refuse(404, words.no_video)
  end
  return show(video)
end

-- The file comes from the service's file server: ranges and all, and not a byte of it through this worker. Its address
-- holds no key, and runs out; so the page has this one, which leads to a fresh one at any time.
local function lead_to_file(id)
  local address, problem = studio.address(id)
  if not address then
    return refuse(problem and 503 or 404, problem or words.no_video)
  end
  ngx.header["Cache-Control"] = "no-store"
  return ngx.redirect(address, 302)
end

local ROUTES = {
  ["POST /videos"] = order_video,
  ["GET /videos/<id>"] = show_video,
  ["POST /videos/<id>/cancel"] = cancel_video,
  ["GET /videos/<id>/file"] = lead_to_file,
  ["HEAD /videos/<id>/file"] = lead_to_file,
}

function web.answer()
  local id
  local pattern = ngx.var.uri:gsub("^(/videos/)([^/]+)", function(start, found)
    id = found:find(UUID) and found
    return start .. (id and "<id>" or found)
  end)
  local route = ROUTES[ngx.req.get_method() .. " " .. pattern]
  if not route then
    return refuse(404, words.no_video)
  end
  return route(id)
end

return web
