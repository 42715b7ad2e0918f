-- A thousand answers to a create, each wrong in another place: cut at every byte, every status, odd JSON and heads. The
-- server counts the creates that have reached it: there is one of each, no error says of it that nothing was sent, an
-- id that has come is kept, and the call ends in time.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"

local DEADLINE, PATIENCE = 5, 30 -- seconds; the second for a busy machine
local AT_ONCE = 50

local ID = "sess_0123456789"
local BODY = ('{"data":{"session_id":"%s","status":"generating","video_id":null,"created_at":1764000000}}'):format(
  ID
)
local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
local WHOLE = HEAD .. ("Content-Length: %d\r\n\r\n"):format(#BODY) .. BODY

local function answer(body)
  return HEAD .. ("Content-Length: %d\r\n\r\n"):format(#body) .. body
end

-- BODY with something else in it.
local function with(pattern, replacement)
  return (BODY:gsub(pattern, replacement))
end

-- What is sent, then the end of the connection ("close" or "reset").
local cases = {}
local function case(name, bytes, ending)
  cases[#cases + 1] = { name = name, bytes = bytes, ending = ending or "close" }
  return cases[#cases]
end

-- The same of an answer that is cut: an id that has come is kept.
local function cut(name, bytes, ending)
  case(name, bytes, ending).keeps_id = bytes:find(ID .. '"', 1, true)
end

-- ---- each offset

for offset = 0, #WHOLE - 1 do
  cut("end behind byte " .. offset, WHOLE:sub(1, offset))
  cut("reset behind byte " .. offset, WHOLE:sub(1, offset), "reset")
end
for offset = 0, #BODY do
  local chunked = HEAD .. ("Transfer-Encoding: chunked\r\n\r\n%x\r\n"):format(#BODY) .. BODY:sub(1, offset)
  cut("end of a chunk behind byte " .. offset, chunked)
end

-- ---- each status

for status = 200, 599 do
  local body = status < 300 and BODY or '{"error":{"code":"odd","message":"an odd status"}}'
  local text = ("HTTP/1.1 %d Odd\r\nContent-Length: %d\r\n\r\n"):format(status, #body) .. body
  -- The service has refused it, and asks to come again: the one answer after which a create is repeated.
  case("status " .. status, text).may_repeat = status == 429
end
for status = 100, 199 do
  case("interim status " .. status, ("HTTP/1.1 %d Odd\r\n\r\n"):format(status) .. WHOLE)
end

-- ---- JSON

local ODD_JSON = {
  "",
  " ",
  "null",
  "true",
  "0",
  '""',
  "[]",
  "{}",
  '{"data":null}',
  '{"data":[]}',
  '{"data":{}}',
  '{"data":"x"}',
  '{"data":[null]}',
  '{"data":{"session_id":null}}',
  '{"data":{"session_id":""}}',
  '{"data":{"session_id":{}}}',
  '{"data":{"session_id":[]}}',
  '{"data":{"session_id":true}}',
  '{"data":{"session_id":"a/b"}}',
  '{"data":{"session_id":"a\\u0000b"}}',
  '{"data":{"session_id":"' .. ("x"):rep(100000) .. '"}}',
  '{"error":null}',
  '{"error":{}}',
  '{"error":{"code":"x","message":"y"}}',
  '{"error":{"code":{},"message":[]}}',
  '{"data":{},"error":{"code":"x"}}',
  ("["):rep(100000),
  ('{"data":'):rep(10000),
  BODY:sub(1, -2) .. ",}",
  BODY .. "}",
  BODY .. BODY,
  BODY .. "\0",
  with('"', "'"),
  with(":", "="),
  "<html>" .. BODY,
  "\31\139\8" .. BODY,
  ("\255"):rep(50),
}
for index, text in ipairs(ODD_JSON) do
  case(("odd JSON %d: %s"):format(index, text:sub(1, 40)), answer(text)).any_id = true
end

-- As above, but the id is in them.
local KEEPS_ID = {
  "\n\t " .. BODY .. " \r\n",
  with("generating", "\\u0000"),
  with("generating", ("x"):rep(100000)),
  with("1764000000", "-0"),
  with("1764000000", "1e9"),
  with("1764000000", "99999999999999999999999"),
  with("1764000000", "null"),
  with("1764000000", '{"a":[1,{"b":null}]}'),
  with("}}", ',"session_id":"' .. ID .. '"}}'),
  with("}}", ',"new_field":[[],{}]}}'),
  with("^{", '{"error":null,'),
}
for index, text in ipairs(KEEPS_ID) do
  case(("JSON with the id %d"):format(index), answer(text)).keeps_id = true
end

-- ---- heads

local ODD_HEADS = {
  "",
  "\r\n\r\n",
  "\0\0\0\0",
  "HTTP/1.1\r\n\r\n",
  "HTTP/1.1 abc\r\n\r\n" .. BODY,
  "HTTP/1.1 0 OK\r\n\r\n" .. BODY,
  "HTTP/1.1 99 OK\r\n\r\n" .. BODY,
  "HTTP/1.1 1000 OK\r\n\r\n" .. BODY,
  "HTTP/9.9 200 OK\r\n\r\n" .. BODY,
  "ICY 200 OK\r\n\r\n" .. BODY,
  "<html>no HTTP</html>",
  ("x"):rep(200000),
  HEAD .. "Content-Length: -1\r\n\r\n" .. BODY,
  HEAD .. "Content-Length: x\r\n\r\n" .. BODY,
  HEAD .. "Content-Length: 99999999999999999999\r\n\r\n" .. BODY,
  HEAD .. "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" .. BODY,
  HEAD .. "Content-Length: 5\r\n\r\n" .. BODY,
  HEAD .. "Transfer-Encoding: chunked\r\n\r\nzz\r\n" .. BODY,
  HEAD .. "Transfer-Encoding: chunked\r\n\r\n-1\r\n" .. BODY,
  HEAD .. "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" .. BODY,
  HEAD .. "Transfer-Encoding: nonsense\r\n\r\n" .. BODY,
  HEAD .. "Content-Encoding: gzip\r\n\r\n" .. BODY,
  HEAD .. "Content-Encoding: br, gzip\r\n\r\n" .. BODY,
  HEAD .. ("X: y\r\n"):rep(10000) .. "\r\n" .. BODY,
  HEAD .. "X: " .. ("y"):rep(400000) .. "\r\n\r\n" .. BODY,
  HEAD .. "X\0Y: z\r\n\r\n" .. BODY,
  HEAD .. ": nothing\r\n\r\n" .. BODY,
  HEAD .. "no colon\r\n\r\n" .. BODY,
  "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 307 Again\r\nLocation: /v3/video-agents\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n",
}
for index, text in ipairs(ODD_HEADS) do
  case(("odd head %d: %s"):format(index, text:sub(1, 60)), text)
end

-- What comes before the answer, or behind it.
case("two answers", WHOLE .. WHOLE).keeps_id = true
case("an answer and bytes", WHOLE .. "\0\1\2").keeps_id = true
case("an answer and a reset", WHOLE, "wait_and_reset").keeps_id = true
case("a hundred interim answers", ("HTTP/1.1 103 Soon\r\n\r\n"):rep(100) .. WHOLE).keeps_id = true

-- The server knows each by the number in its prompt. What comes again is answered as it should be.
local SERVER = [[
  while true do
    local request = c:request()
    if not request then return end
    local number = tonumber(request.body:match "case (%%d+)")
    creates[number] = (creates[number] or 0) + 1
    local case = cases[number]
    if creates[number] > 1 then
      c:send(%q)
    else
      c:send(case.bytes)
      if case.ending ~= "close" then
        if case.ending == "wait_and_reset" then c:sleep(0.1) end
        c:reset()
      end
      c:close()
      return
    end
  end
]]

describe("a create whose answer is wrong somewhere #native", function()
  local server

  setup(function()
    server = raw.start()
    server:ask "_G.cases, _G.creates = {}, {} return true"
    for number, one in ipairs(cases) do
      server:ask(
        ("cases[%d] = { bytes = %q, ending = %q } return true"):format(number, one.bytes, one.ending)
      )
    end
    server:serve(SERVER:format(WHOLE))
  end)

  teardown(function()
    core.engine():close()
    server:stop()
  end)

  local function complaint(one, seen)
    local value, err = one.value, one.err
    if value == nil and not heygen.is_error(err) then
      return "neither a value nor an error"
    elseif one.took > DEADLINE + PATIENCE then
      return ("took %.1f s"):format(one.took)
    elseif seen ~= 1 and not (one.may_repeat and seen == 2) then
      return ("was sent %d times"):format(seen)
    elseif err and err.sent == "no" then
      return "was seen, and said to be unsent: " .. one.message
    elseif one.keeps_id and not (value or err).session_id then
      return "has lost its id: " .. tostring(one.message)
    elseif value and value.session_id ~= ID and not one.any_id then
      return "has another id: " .. tostring(value.session_id)
    end
  end

  it("is made once, and is known to have been sent", function()
    local client = live.client(nil, {
      base_url = server.url,
      timeout = 3,
      deadline = DEADLINE,
      max_retries = 1,
      max_connections = AT_ONCE,
    })
    heygen.run(function()
      local following, workers = 0, {}
      for n = 1, AT_ONCE do
        workers[n] = heygen.spawn(function()
          while following < #cases do
            following = following + 1
            local one, begun = cases[following], core.now()
            one.value, one.message, one.err = client:create { prompt = "case " .. following }
            one.took = core.now() - begun
          end
        end)
      end
      for _, worker in ipairs(workers) do
        worker:join()
      end
    end)
    local seen, complaints = server:ask "return creates", {}
    for number, one in ipairs(cases) do
      local what = complaint(one, seen[number] or 0)
      complaints[#complaints + 1] = what and one.name .. ": " .. what
    end
    assert.same({}, complaints)
    assert.is_true(#cases >= 1000)
  end)
end)
