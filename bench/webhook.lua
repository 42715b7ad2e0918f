-- Verifying and parsing a delivery of 1 kB: the module, a C loop over libcrypto and lua-cjson (webhook.c), and the same
-- work with SHA-256 in Lua. They take turns in one process, and report.lua takes the median of the rounds' ratios.
local cjson = require "cjson"
local raw = require "webhook_raw"
local webhook = require "heygen.webhook"

local rounds, count, only = tonumber(arg[1]), tonumber(arg[2]), arg[3]
if not count then
  io.stderr:write("usage: webhook.lua rounds deliveries [raw|ours|lua]\n")
  os.exit(2)
end

-- ---- HMAC-SHA256 in Lua

-- Text, as other versions of Lua, which check all files, do not know the operators of 5.4.
local SHA256 = [[
local unpack, pack, rep = string.unpack, string.pack, string.rep
local W16 = ">" .. rep("I4", 16)

-- The first 32 bits behind the point of the square and cube roots of primes.
local function fraction(value)
  return math.floor(value % 1 * 2 ^ 32)
end
local first, K, candidate = {}, {}, 1
while #K < 64 do
  candidate = candidate + 1
  local prime = true
  for divisor = 2, candidate - 1 do
    prime = prime and candidate % divisor ~= 0
  end
  if prime then
    K[#K + 1] = fraction(candidate ^ (1 / 3))
    first[#K] = fraction(candidate ^ 0.5)
  end
end

local function block(h, text, at)
  local w = { unpack(W16, text, at) }
  for i = 17, 64 do
    local x, y = w[i - 15], w[i - 2]
    local s0 = (x >> 7 | x << 25) ~ (x >> 18 | x << 14) ~ (x >> 3)
    local s1 = (y >> 17 | y << 15) ~ (y >> 19 | y << 13) ~ (y >> 10)
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) & 0xffffffff
  end
  local a, b, c, d, e, f, g, z = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
  for i = 1, 64 do
    local s1 = (e >> 6 | e << 26) ~ (e >> 11 | e << 21) ~ (e >> 25 | e << 7)
    local t1 = z + s1 + ((e & f) ~ (~e & g)) + K[i] + w[i]
    local s0 = (a >> 2 | a << 30) ~ (a >> 13 | a << 19) ~ (a >> 22 | a << 10)
    local t2 = s0 + ((a & b) ~ (a & c) ~ (b & c))
    z, g, f, e, d, c, b, a = g, f, e, (d + t1) & 0xffffffff, c, b, a, (t1 + t2) & 0xffffffff
  end
  h[1], h[2], h[3], h[4] = h[1] + a & 0xffffffff, h[2] + b & 0xffffffff, h[3] + c & 0xffffffff, h[4] + d & 0xffffffff
  h[5], h[6], h[7], h[8] = h[5] + e & 0xffffffff, h[6] + f & 0xffffffff, h[7] + g & 0xffffffff, h[8] + z & 0xffffffff
end

local function sha256(text)
  local h = table.move(first, 1, 8, 1, {})
  local padded = text .. "\128" .. rep("\0", (55 - #text) % 64) .. pack(">I8", #text * 8)
  for at = 1, #padded, 64 do
    block(h, padded, at)
  end
  return pack(">I4I4I4I4I4I4I4I4", table.unpack(h))
end

-- For one key, as a receiver has one.
return function(key)
  local function pad(with)
    return ((key .. rep("\0", 64 - #key)):gsub(".", function(c)
      return string.char(c:byte() ~ with)
    end))
  end
  local inner, outer = pad(0x36), pad(0x5c)
  return function(text)
    return (sha256(outer .. sha256(inner .. text)):gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end))
  end
end]]

-- ---- the delivery

local SECRET = "whsec_2f9d0c6b7e8a41d5b3c4e5f60718293a"

local function body()
  local id = "7f3a1c2e9b8d4f6a8c0e2d4f6a8b0c1d"
  local signed = "?Expires=1795642178&Signature=" .. ("k7Xq9z2LmN4pR6sT"):rep(16) .. "&Key-Pair-Id=K1"
  local text = '{"event_id":"evt_'
    .. id
    .. '","event_type":"video_agent.success","created_at":"2026-11-25T21:32:26Z",'
    .. '"event_data":{"session_id":"sess_'
    .. id
    .. '","video_id":"'
    .. id
    .. '","callback_id":"order-1042",'
    .. '"url":"https://files.heygen.ai/'
    .. id
    .. "/launch.mp4"
    .. signed
    .. '",'
    .. '"gif_download_url":"https://files.heygen.ai/'
    .. id
    .. '/launch.gif",'
    .. '"video_page_url":"https://app.heygen.com/videos/'
    .. id
    .. '",'
    .. '"video_share_page_url":"https://app.heygen.com/share/'
    .. id
    .. '","folder_id":null,"title":"'
  return text .. ("x"):rep(1024 - #text - 3) .. '"}}'
end

local text = body()
assert(#text == 1024)
local headers = {}
for name, value in pairs(webhook.sign(text, SECRET)) do
  headers[name:lower()] = value
end
headers["host"], headers["content-type"], headers["content-length"] =
  "example.com", "application/json", "1024"
headers["user-agent"], headers["accept"], headers["connection"] = "HeyGen", "*/*", "close"
local signature = headers["heygen-signature"]

-- ---- the programs: each does the work `times` times and gives the seconds of CPU

local programs = {}

function programs.raw(times)
  return raw.run(times, cjson.decode, SECRET, text, signature)
end

function programs.ours(times)
  local verify, start = webhook.verify, raw.cpu()
  for _ = 1, times do
    assert(verify(text, headers, SECRET).video_id)
  end
  return raw.cpu() - start
end

local hmac = assert(load(SHA256))()(SECRET)
assert(hmac(text) == signature, "the SHA-256 in Lua is wrong")

function programs.lua(times)
  local decode, start = cjson.decode, raw.cpu()
  for _ = 1, times do
    assert(hmac(text) == headers["heygen-signature"] and decode(text).event_data.video_id)
  end
  return raw.cpu() - start
end

if only then -- for callgrind
  programs[only](count)
  return
end

local ORDERS = { { "raw", "ours", "lua" }, { "lua", "ours", "raw" } }

for round = 0, rounds do
  for _, name in ipairs(ORDERS[round % 2 + 1]) do
    local times = name == "lua" and math.ceil(count / 20) or count
    collectgarbage()
    local seconds = programs[name](times)
    if round > 0 then -- the first one warms up
      print(("bench=webhook program=%s deliveries=%d us=%.3f"):format(name, times, seconds * 1e6 / times))
    end
  end
end
