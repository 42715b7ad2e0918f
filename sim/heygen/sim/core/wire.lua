-- From a response and a fault to what really goes over the wire: a list of steps, for any front to play.
--
-- Steps: { "send", bytes }, { "wait", real seconds }; the last is { "keep" }, { "close" }, { "reset" } or { "stall" }.
local gzip = require "heygen.sim.media.gzip"
local http = require "heygen.webhook.http1"
local odd = require "heygen.sim.core.odd_json"
local respond = require "heygen.sim.core.respond"

-- What stands before the service answers with these.
local GATEWAY_REASONS = {
  [425] = "Too Early",
  [507] = "Insufficient Storage",
  [520] = "Web Server Returned an Unknown Error",
  [521] = "Web Server Is Down",
  [522] = "Connection Timed Out",
  [523] = "Origin Is Unreachable",
  [524] = "A Timeout Occurred",
  [525] = "SSL Handshake Failed",
  [526] = "Invalid SSL Certificate",
  [527] = "Railgun Error",
  [529] = "Site Is Overloaded",
  [530] = "Origin DNS Error",
}

local function reason(status)
  return GATEWAY_REASONS[status] or http.reason(status)
end

local wire = {}

local HTML = [[<!DOCTYPE html>
<html><head><title>api.heygen.com | %d: %s</title></head>
<body><h1>%s</h1><p>Error code %d</p><hr><center>cloudflare</center></body></html>
]]

local GARBAGE = "\22\3\1\0\170SSH-2.0-nothing to see here\r\n\255\254\0\1\2{]<<>>\r\n\r\n"

local function find(headers, name)
  for i, header in ipairs(headers) do
    if header[1]:lower() == name then
      return i
    end
  end
end

local function set(headers, name, value)
  local at = find(headers, name:lower())
  headers[at or #headers + 1] = { name, value }
end

-- The headers of a fault replace those of the answer; a list repeats the header, false takes it away.
local function overlay(headers, extra)
  local names = {}
  for name in pairs(extra) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local at = find(headers, name:lower())
    while at do
      table.remove(headers, at)
      at = find(headers, name:lower())
    end
    local values = extra[name]
    for _, value in ipairs(type(values) == "table" and values or { values or nil }) do
      headers[#headers + 1] = { name, tostring(value) }
    end
  end
end

local function replacement(effect, json)
  if effect.html then
    local status = effect.status or 502
    return {
      status = status,
      headers = { { "Content-Type", "text/html; charset=UTF-8" } },
      body = HTML:format(status, reason(status), reason(status), status),
    }
  elseif effect.redirect then
    return { status = effect.status or 302, headers = { { "Location", effect.redirect } }, body = "" }
  elseif effect.body then
    return {
      status = effect.status or 200,
      headers = { { "Content-Type", "application/json" } },
      body = effect.body,
    }
  elseif effect.status and (effect.status >= 400 or effect.code or effect.message) then
    return respond.problem(
      json,
      effect.status,
      effect.code,
      effect.message or reason(effect.status),
      effect.param
    )
  elseif effect.code or effect.message then
    return respond.problem(json, 200, effect.code, effect.message or "Something went wrong", effect.param)
  end
end

-- In seconds, or as a moment of real time.
local function retry_after(wanted)
  local at = os.time() + math.ceil(wanted.seconds)
  if wanted.as == "unix" then
    return string.format("%d", at)
  elseif wanted.as == "date" then
    return os.date("!%a, %d %b %Y %H:%M:%S GMT", at)
  end
  return string.format("%d", wanted.seconds)
end

--- The answer with the fault applied, before it is framed.
---@param response table|nil the service's
---@param effect table the fault
---@param json table the codec
---@param id string|nil for X-Request-Id
---@return table shaped { status, headers, body }
function wire.shape(response, effect, json, id)
  local made = replacement(effect, json)
  local base = made
    or response
    or { status = 200, headers = { { "Content-Type", "application/json" } }, body = '{"data":{}}' }
  local shaped = { status = effect.status or base.status, headers = {}, body = base.body }
  for i, header in ipairs(base.headers) do
    shaped.headers[i] = header
  end
  -- A page of HTML comes from a gateway that gives no id.
  if id and not effect.html then
    shaped.headers[#shaped.headers + 1] = { "X-Request-Id", id }
  end
  if effect.range == "status_200" and shaped.status == 206 then
    shaped.status = 200
  end
  if effect.odd_json then
    shaped.body = odd.apply(effect.odd_json, shaped.body)
  end
  if effect.retry_after then
    set(shaped.headers, "Retry-After", retry_after(effect.retry_after))
  end
  if effect.truncate then
    shaped.body = shaped.body:sub(1, effect.truncate)
  end
  if effect.gzip then
    shaped.body = gzip[effect.gzip](shaped.body)
    set(shaped.headers, "Content-Encoding", "gzip")
  end
  if effect.headers then
    overlay(shaped.headers, effect.headers)
  end
  local left, number = effect.header_bytes or 0, 0
  while left > 0 do
    number = number + 1
    shaped.headers[#shaped.headers + 1] = { "X-Filler-" .. number, string.rep("f", math.min(left, 1000)) }
    left = left - 1000
  end
  return shaped
end

local function head(response, length, keep_alive, version)
  local lines = { string.format("HTTP/1.1 %d %s", response.status, reason(response.status)) }
  for _, header in ipairs(response.headers) do
    lines[#lines + 1] = header[1] .. ": " .. header[2]
  end
  lines[#lines + 1] = length
  if not keep_alive then
    lines[#lines + 1] = "Connection: close"
  elseif version == "1.0" then
    lines[#lines + 1] = "Connection: keep-alive"
  end
  lines[#lines + 1] = "\r\n"
  return table.concat(lines, "\r\n")
end

local function chunked(body, broken)
  local parts, size = {}, math.max(1, math.ceil(#body / 4))
  for at = 1, #body, size do
    local piece = body:sub(at, at + size - 1)
    parts[#parts + 1] = string.format("%x\r\n%s\r\n", #piece, piece)
    if broken then
      parts[#parts + 1] = "this is no chunk size\r\n"
      return table.concat(parts)
    end
  end
  parts[#parts + 1] = broken and "zz\r\n" or "0\r\n\r\n"
  return table.concat(parts)
end

local function frame(response, effect, request, keep_alive)
  local body, length = response.body, nil
  local bodiless = request.method == "HEAD" or response.status == 204 or response.status == 304
  if effect.chunked then
    length = "Transfer-Encoding: chunked"
    body = chunked(body, effect.chunked == "bad")
  elseif find(response.headers, "content-length") then
    return head(response, nil, keep_alive, request.version), bodiless and "" or body
  elseif response.status ~= 204 then
    length = "Content-Length: " .. (effect.content_length or #body)
  end
  return head(response, length, keep_alive, request.version), bodiless and "" or body
end

local NO_EFFECT = {}

local function half(bytes)
  return bytes:sub(1, math.floor(#bytes / 2))
end

local function drip(steps, bytes, how)
  for at = 1, #bytes, how.bytes do
    if at > 1 then
      steps[#steps + 1] = { "wait", how.every }
    end
    steps[#steps + 1] = { "send", bytes:sub(at, at + how.bytes - 1) }
  end
end

local function ending(effect)
  if effect.stall then
    return { "stall" }
  end
  return { effect.reset and "reset" or "close" }
end

--- Where the answer is cut off: "before", "headers", "body" or (nil) nowhere.
---@param effect table
---@return string|nil
function wire.cut(effect)
  if type(effect.stall) == "string" then
    return effect.stall
  elseif effect.close then
    return effect.close
  elseif effect.stall or effect.reset or effect.stream_reset then
    -- HTTP/1 has no streams: the connection ends.
    return "before"
  end
end

local function faulty(response, effect, request, json, keep_alive)
  local steps = {}
  if effect.delay then
    steps[1] = { "wait", effect.delay }
  end
  local cut = wire.cut(effect)
  if cut == "before" then
    steps[#steps + 1] = ending(effect)
    return steps
  elseif effect.garbage then
    steps[#steps + 1] = { "send", GARBAGE }
    steps[#steps + 1] = { "close" }
    return steps
  end
  local shaped = wire.shape(response, effect, json, request.id)
  local header, body = frame(shaped, effect, request, keep_alive)
  if cut then
    steps[#steps + 1] = { "send", cut == "headers" and half(header) or header .. half(body) }
    steps[#steps + 1] = ending(effect)
    return steps
  end
  if effect.drip then
    steps[#steps + 1] = { "send", header }
    drip(steps, body, effect.drip)
  else
    steps[#steps + 1] = { "send", header .. body }
  end
  local short = effect.chunked == "bad" or (effect.content_length or 0) > #shaped.body
  steps[#steps + 1] = { keep_alive and not short and "keep" or "close" }
  return steps
end

--- What goes over the wire.
---@param request table method, version, keep_alive, id (for X-Request-Id)
---@param response table|nil the service's answer
---@param effect table|nil the fault
---@param json table the codec
---@return table steps
function wire.plan(request, response, effect, json)
  if effect then
    return faulty(response, effect, request, json, request.keep_alive)
  end
  local whole = { status = response.status, headers = {}, body = response.body }
  for i, each in ipairs(response.headers) do
    whole.headers[i] = each
  end
  whole.headers[#whole.headers + 1] = request.id and { "X-Request-Id", request.id }
  local header, body = frame(whole, NO_EFFECT, request, request.keep_alive)
  return { { "send", header .. body }, { request.keep_alive and "keep" or "close" } }
end

return wire
