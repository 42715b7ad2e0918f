-- Seeded deliveries, from nearly right to hostile: generate.lua seed count [seconds]. Ends with an error that names the
-- seed and the number of the input, or prints how many there were.
local core = require "heygen.core"
local delivery = require "spec.fuzz.delivery"
local random = require "spec.support.random"

local seed, count, seconds = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
if not count then
  io.stderr:write("usage: generate.lua seed count [seconds]\n")
  os.exit(2)
end

local next_number

local function integer(low, high)
  return random.integer(next_number, low, high)
end

local function pick(list)
  return list[integer(1, #list)]
end

local function bytes(most)
  local list = {}
  for index = 1, integer(0, most) do
    list[index] = string.char(integer(0, 255))
  end
  return table.concat(list)
end

-- ---- bodies

local NAMES = {
  "event_type",
  "event_data",
  "event_id",
  "event",
  "type",
  "data",
  "created_at",
  "video_id",
  "session_id",
  "callback_id",
  "video_translate_id",
  "project_id",
  "batch_id",
  "url",
  "video_url",
  "status",
  "msg",
  "error",
  "error_code",
  "message",
  "folder_id",
}

local SCALARS = {
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1e308",
  "1e999",
  "-9007199254740993",
  "0.1",
  "NaN",
  "0x10",
  '""',
  '" "',
  '"avatar_video.success"',
  '"video_agent.fail"',
  '"completed"',
  '"failed"',
  '"https://files.heygen.ai/v.mp4"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"\255\254"',
  '"\27[31m"',
  "[]",
  "{}",
  "[null]",
  "",
}

local function value(depth)
  local kind = integer(1, 10)
  if depth > 4 or kind <= 6 then
    return pick(SCALARS)
  elseif kind == 7 then
    return ("[%s,%s]"):format(value(depth + 1), value(depth + 1))
  end
  local fields = {}
  for index = 1, integer(0, 8) do
    fields[index] = ('"%s":%s'):format(pick(NAMES), value(depth + 1))
  end
  return "{" .. table.concat(fields, ",") .. "}"
end

local function plain()
  return core.encode {
    event_type = pick { "video_agent.success", "avatar_video.fail", "batch.finished", "x" },
    event_id = pick { "evt_1", "evt_2", core.null },
    event_data = {
      video_id = "v" .. integer(1, 9),
      callback_id = core.null,
      url = "https://x/" .. integer(1, 999),
    },
  }
end

local function object()
  local text = value(0)
  return text:sub(1, 1) == "{" and text or '{"data":' .. text .. "}"
end

-- A few bytes changed, cut out or doubled.
local function damaged(text)
  for _ = 1, integer(1, 4) do
    local at = integer(1, #text + 1)
    local how = integer(1, 4)
    if how == 1 then
      text = text:sub(1, at - 1) .. string.char(integer(0, 255)) .. text:sub(at + 1)
    elseif how == 2 then
      text = text:sub(1, at - 1) .. text:sub(at + integer(1, 20))
    elseif how == 3 then
      text = text:sub(1, at) .. text:sub(integer(1, at), at) .. text:sub(at + 1)
    else
      text = text:sub(1, at - 1)
    end
  end
  return text
end

local function deep()
  local open, close =
    pick { { "[", "]" }, { '{"a":', "}" }, { '{"data":', "}" }, { '{"event_data":', "}" } }, ""
  local levels = integer(1, 150)
  close = next_number() < 0.8 and open[2]:rep(levels) or close
  return open[1]:rep(levels) .. pick(SCALARS) .. close
end

local BODIES = {
  plain,
  object,
  object,
  function()
    return damaged(plain())
  end,
  function()
    return damaged(object())
  end,
  function()
    return value(0)
  end,
  deep,
  function()
    return bytes(60)
  end,
  function()
    return pick { "", " ", "{", "{}", "[]", "null", '"x"', "{}\0", "\239\187\191{}" }
  end,
}

-- ---- headers

local HEADERS = {
  "Heygen-Signature",
  "heygen-signature",
  "SIGNATURE",
  "X-Heygen-Signature",
  "Heygen-Timestamp",
  "heygen-timestamp",
  "Heygen-Event-Id",
  "Content-Type",
}

local ZEROS = ("0"):rep(64)

local function header_value()
  local kind = integer(1, 10)
  if kind == 1 then
    return bytes(40)
  elseif kind == 2 then
    return pick { "", " ", "\t", "\0", "\255" }
  elseif kind == 3 then
    return ZEROS
  elseif kind == 4 then
    return (ZEROS .. ","):rep(integer(1, 100))
  elseif kind == 5 then
    return pick {
      "1795642178",
      "1795642477",
      "0",
      "-1",
      "1e9",
      "999999999999999999999999",
      "2026-02-30T25:00:00Z",
    }
  elseif kind == 6 then
    return pick { 1795642178, 1.5, 0 / 0, 1 / 0, -1 / 0, true, false, print }
  elseif kind == 7 then
    return { header_value(), header_value() }
  elseif kind == 8 then
    return (" "):rep(integer(0, 2000)) .. pick { "", "x" } .. (" "):rep(integer(0, 200))
  end
  return pick { "evt_1", "evt_2", "application/json" }
end

local function stray_headers()
  local headers = {}
  for _ = 1, integer(0, 8) do
    headers[pick(HEADERS)] = header_value()
  end
  if next_number() < 0.2 then
    headers[integer(1, 3)] = header_value()
  end
  return headers
end

local function as_function(headers)
  return function(name)
    return headers[name]
  end
end

local function one()
  local body = pick(BODIES)()
  local how = integer(1, 4)
  if how <= 2 then
    return delivery.judge(body, delivery.sign(body), true)
  end
  local headers = how == 3 and stray_headers() or delivery.sign(body .. "x")
  delivery.judge(body, next_number() < 0.2 and as_function(headers) or headers)
end

-- ---- the run

local CHECK, GROWTH = 20000, 2000 -- inputs between two checks of the memory, kB that it may differ by

local flush = rawget(_G, "jit") and jit.flush
local start, first = os.clock(), nil
local number = 0
while number < count and not (seconds and os.clock() - start >= seconds) do
  number = number + 1
  -- Each input has a seed of its own, so that it can be had alone: generate.lua <its seed> 1
  local own = (seed + number - 1) * 48271 % 2147483646 + 1
  next_number = random.new(own)
  local ok, problem = pcall(one)
  if not ok then
    io.stderr:write(
      ("input %d (generate.lua %d 1): %s\n"):format(number, seed + number - 1, tostring(problem))
    )
    os.exit(1)
  end
  if number % CHECK == 0 then
    if flush then
      flush() -- what LuaJIT has compiled is memory as well, up to a limit of its own
    end
    collectgarbage()
    collectgarbage()
    first = first or collectgarbage "count"
    assert(collectgarbage "count" < first + GROWTH, "the memory grows")
  end
end
print(number .. " deliveries")
