-- The page for a person at "/": its files, and the videos it shows. All of it is part of the controls, so reading it
-- changes no count, and no fault can reach it.
local page = {}

-- Nothing from elsewhere, nothing inline: whatever stands in a title or a header stays text.
local POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
  .. "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

local ICON = [[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="4" fill="#5b46d6"/>
<path d="M6 4.5v7l6-3.5z" fill="#fff"/></svg>]]

local FILES = {
  ["/"] = { "text/html", "heygen.sim.page.html" },
  ["/_sim/page.css"] = { "text/css", "heygen.sim.page.style" },
  ["/_sim/page.js"] = { "text/javascript", "heygen.sim.page.script" },
}

local function answer(kind, body)
  return {
    status = 200,
    headers = {
      { "Content-Type", kind .. "; charset=utf-8" },
      { "Cache-Control", "no-store" },
      { "Content-Security-Policy", POLICY },
      { "X-Content-Type-Options", "nosniff" },
      { "Vary", "Accept" },
    },
    body = body,
  }
end

--- Is it a person's browser that asks for "/"? A program gets a line of text there.
---@param request table
---@param path string
---@return boolean
function page.asked(request, path)
  local reads = request.method == "GET" or request.method == "HEAD"
  return path == "/" and reads and (request.headers.accept or ""):find("text/html", 1, true) ~= nil
end

--- What a program gets at "/".
---@param model table
---@return table response
function page.text(model)
  local text = "This is a simulated HeyGen (heygen-sim). Its API begins at "
    .. model.base_url
    .. "/v3/, its own controls at /_sim/.\nIn a browser, this address shows what happens in it.\n"
  return {
    status = 200,
    headers = { { "Content-Type", "text/plain; charset=utf-8" }, { "Vary", "Accept" } },
    body = text,
  }
end

-- A signature of the page's own, the same at each poll: a player that has begun must not lose its address.
local NONCE, EXPIRES = ("0"):rep(24), "99999999999"

local function file(model, request, name)
  local headers = {}
  for _, each in ipairs { "range", "if-range", "if-none-match" } do
    headers[each] = request.headers[each]
  end
  local query = { Expires = EXPIRES, Signature = model.files:sign(name, EXPIRES, NONCE) }
  return model.files:answer({ method = request.method, headers = headers }, "/files/" .. name, query)
end

-- Browsers read subtitles as WebVTT only, the service makes SRT.
local function captions(model, request, stem)
  local found = file(model, { method = request.method, headers = {} }, stem .. ".srt")
  if found.status ~= 200 then
    return found
  end
  return answer("text/vtt", "WEBVTT\n\n" .. found.body:gsub("(%d:%d%d),(%d%d%d)", "%1.%2"))
end

--- Answers for the page and its files.
---@param model table
---@param request table
---@param path string
---@return table|nil response nil when the path is none of them
function page.answer(model, request, path)
  if request.method ~= "GET" and request.method ~= "HEAD" then
    return nil
  end
  local found = FILES[path]
  if found then
    return answer(found[1], require(found[2]))
  elseif path == "/_sim/icon.svg" then
    return answer("image/svg+xml", ICON)
  end
  local name = path:match "^/_sim/files/([^/]+)$"
  local stem = name and name:match "^(.+)%.vtt$"
  if stem then
    return captions(model, request, stem)
  end
  return name and file(model, request, name)
end

return page
