-- HTTP/2 on a connection of the luv front (with prior knowledge, or behind a TLS edge that agreed on h2): every frame
-- is ours, so a stream can be reset and a connection said goodbye to at any point.
local http2 = require "heygen.sim.http2.session"
local uv = require "luv"
local wire = require "heygen.sim.core.wire"

local luv = { PREFACE = http2.PREFACE }

local NO_EFFECT = {}

-- ---- from a response and a fault to steps

local function half(bytes)
  return bytes:sub(1, math.floor(#bytes / 2))
end

local function body_steps(steps, body, how)
  for at = 1, #body, how and how.bytes or math.max(1, #body) do
    if at > 1 then
      steps[#steps + 1] = { "wait", how.every }
    end
    local stop = how and at + how.bytes - 1 or #body
    steps[#steps + 1] = { "data", body:sub(at, stop), stop >= #body }
  end
end

local function ending(effect)
  if effect.stall then
    return { "stall" }
  end
  return { "reset" }
end

--- What a stream goes through: { "wait", seconds }, { "head", status, headers, bodiless }, { "data", bytes, last },
--- { "raw", bytes }, and at the end "reset" (RST_STREAM), "goaway" (code, processed), "stall" or nothing.
---@param request table
---@param response table|nil
---@param effect table|nil
---@param json table the codec
---@return table steps
function luv.plan(request, response, effect, json)
  effect = effect or NO_EFFECT
  local steps = {}
  if effect.delay then
    steps[1] = { "wait", effect.delay }
  end
  local cut = wire.cut(effect)
  if effect.goaway then
    steps[#steps + 1] = { "goaway", effect.act }
    return steps
  elseif effect.stream_reset or cut == "before" or cut == "headers" then
    steps[#steps + 1] = effect.stream_reset and { "reset" } or ending(effect)
    return steps
  elseif effect.garbage then
    steps[#steps + 1] = { "raw", ("\255"):rep(64) }
    return steps
  end
  local shaped = wire.shape(response, effect, json, request.id)
  local body = shaped.body
  local bodiless = request.method == "HEAD" or shaped.status == 204 or shaped.status == 304
  shaped.headers[#shaped.headers + 1] = { "Content-Length", tostring(effect.content_length or #body) }
  steps[#steps + 1] = { "head", shaped.status, shaped.headers, bodiless or (body == "" and not cut) }
  if cut or effect.chunked == "bad" then
    steps[#steps + 1] = { "data", half(body), false }
    steps[#steps + 1] = ending(effect)
  elseif not bodiless then
    body_steps(steps, body, effect.drip)
  end
  return steps
end

-- ---- playing them

local function play(peer, id, steps, at)
  local session, step = peer.session, steps[at]
  if not step or session.over or not session.streams[id] then
    return
  end
  local kind = step[1]
  if kind == "wait" then
    local timer = uv.new_timer()
    timer:start(math.floor(step[2] * 1000 + 0.5), 0, function()
      timer:close()
      if peer.alive() then
        play(peer, id, steps, at + 1)
        peer.flush()
      end
    end)
    return
  elseif kind == "head" then
    session:respond(id, step[2], step[3], step[4])
  elseif kind == "data" then
    session:data(id, step[2], step[3])
  elseif kind == "reset" then
    session:reset(id, http2.INTERNAL_ERROR)
  elseif kind == "goaway" then
    -- Not acted upon: the client is told so, and may safely ask again elsewhere.
    local last = step[2] and id or math.max(0, id - 2)
    session:goaway(last, step[2] and http2.INTERNAL_ERROR or http2.NO_ERROR)
    return peer.finish()
  elseif kind == "raw" then
    peer.session.send(step[2])
    return peer.finish()
  elseif kind == "stall" then
    return
  end
  return play(peer, id, steps, at + 1)
end

--- Serves HTTP/2 to a peer from now on.
---@param peer table send = function(bytes), answer = function(request) → response, effect; hang_up = function(): close
---   after what was sent; alive = function() → boolean; json = the codec
---@return table peer with feed = function(bytes)
function luv.serve(peer)
  -- All frames that answer one arrival go out together: a write of its own for each would cost more than the frame.
  local frames = {}
  function peer.flush()
    if frames[1] then
      local bytes = table.concat(frames)
      frames = {}
      peer.send(bytes)
    end
  end
  function peer.finish()
    peer.flush()
    peer.hang_up()
  end
  peer.session = http2.new(function(bytes)
    frames[#frames + 1] = bytes
  end, function(id, request)
    local response, effect = peer.answer(request)
    play(peer, id, luv.plan(request, response, effect, peer.json), 1)
  end, function() end)
  function peer.feed(bytes)
    if not peer.session:feed(bytes) then
      return peer.finish()
    end
    peer.flush()
  end
  return peer
end

return luv
