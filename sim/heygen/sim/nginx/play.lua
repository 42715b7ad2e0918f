-- Sends an answer, faults included, through nginx: its own way where that can do it, else byte for byte over the raw
-- socket of HTTP/1; a stream of HTTP/2 that is to break is reset.
local ngx = require "ngx"
local system = require "heygen.sim.nginx.system"
local wire = require "heygen.sim.core.wire"

local play = {}

-- What nginx itself would never send.
local RAW = { "close", "reset", "garbage", "chunked", "content_length", "stream_reset" }

-- Ends a connection without an answer: on HTTP/1 with a TCP reset, on HTTP/2 with RST_STREAM.
local CLOSE = 444

local function is_raw(effect)
  if effect.stall then
    return true
  end
  for _, name in ipairs(RAW) do
    if effect[name] then
      return true
    end
  end
  return false
end

-- True when the length is among them.
local function set_headers(list)
  local header, seen, measured = ngx.header, {}, false
  for _, pair in ipairs(list) do
    local name, value = pair[1], pair[2]
    measured = measured or name:lower() == "content-length"
    local before = seen[name]
    if before then
      before[#before + 1] = value
      value = before
    else
      seen[name] = { value }
    end
    header[name] = value
  end
  return measured
end

local function drip(body, how)
  for at = 1, #body, how.bytes do
    if at > 1 then
      ngx.sleep(how.every)
    end
    ngx.print(body:sub(at, at + how.bytes - 1))
    if not ngx.flush(true) then
      return
    end
  end
end

--- A faultless answer, or one that the fault has only reshaped.
---@param response table { status, headers, body }
---@param id string|nil for X-Request-Id
---@param how table|nil a drip
function play.plain(response, id, how)
  ngx.status = response.status
  local measured = set_headers(response.headers)
  if id then
    ngx.header["X-Request-Id"] = id
  end
  local body = response.body
  if not measured and response.status ~= 204 and response.status ~= 304 then
    ngx.header["Content-Length"] = #body
  end
  if how then
    drip(body, how)
  elseif body ~= "" then
    ngx.print(body)
  else
    ngx.send_headers()
  end
end

-- Until the client has gone.
local function stall()
  ngx.on_abort(function()
    ngx.exit(499)
  end)
  while true do
    ngx.sleep(3600)
  end
end

local function stream(shaped, effect)
  local cut = wire.cut(effect)
  if cut == "body" or effect.content_length or effect.chunked then
    local body = shaped.body
    ngx.status = shaped.status
    set_headers(shaped.headers)
    ngx.header["Content-Length"] = #body + (effect.content_length or 0) + 1
    ngx.print(cut and body:sub(1, math.floor(#body / 2)) or body)
    ngx.flush(true)
    -- The reset would overtake what still waits in nginx's buffers.
    ngx.sleep(0.02)
  end
  if effect.stall then
    stall()
  end
  return ngx.exit(CLOSE)
end

local function raw(steps, port)
  local socket, problem = ngx.req.socket(true)
  if not socket then
    ngx.log(ngx.ERR, "no raw socket: ", problem)
    return ngx.exit(CLOSE)
  end
  for _, step in ipairs(steps) do
    local kind = step[1]
    if kind == "send" then
      if not socket:send(step[2]) then
        return
      end
    elseif kind == "wait" then
      ngx.sleep(step[2])
    elseif kind == "stall" then
      socket:settimeout(1e8)
      repeat
        local piece = socket:receiveany(4096)
      until not piece
    elseif kind == "reset" then
      ngx.sleep(0.02)
      system.reset_on_close(port)
      return ngx.exit(CLOSE)
    end
  end
end

--- Sends the answer to a request.
---@param request table method, version, id, peer_port
---@param response table|nil the service's answer
---@param effect table|nil the fault
---@param json table the codec
function play.answer(request, response, effect, json)
  if not effect then
    return play.plain(response, request.id)
  end
  local modern = request.version == "2"
  if not is_raw(effect) or modern then
    if effect.delay then
      ngx.sleep(effect.delay)
    end
    local shaped = wire.shape(response, effect, json, request.id)
    if is_raw(effect) then
      return stream(shaped, effect)
    end
    return play.plain(shaped, nil, effect.drip)
  end
  request.keep_alive = false
  return raw(wire.plan(request, response, effect, json), request.peer_port)
end

return play
