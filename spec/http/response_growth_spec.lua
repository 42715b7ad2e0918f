-- Whatever bytes an answer, its headers or a delivery hold, and in whichever field: reading them takes a time that
-- grows with their length, not with its square, and what comes of it can be shown and encoded as JSON.
--
-- Each field holds a run of one odd byte, in two lengths. The CPU time of the longer one is compared with that of the
-- other, which has a sixteenth of it: linear is 16 times as much, the square 256 times, and more than 64 times is
-- refused. The least time that counts is far above what a busy machine adds, and far below what the square takes of the
-- longer one: seconds.
local address = require "heygen.download.address"
local core = require "heygen.core"
local heygen = require "heygen"
local judge = require "heygen.download.judge"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local response = require "heygen.http.response"
local retry = require "heygen.http.retry"
local uploading = require "spec.support.uploading"

local LENGTHS = { 8000, 128000 } -- of all runs of an answer
local HEADER_LENGTHS = { 3750, 60000 } -- libcurl takes lines of 100 kB, and the core 256 kB in all
local MOST = 64 -- times the cost of a length 16 times smaller
local LEAST = 0.01 -- seconds of CPU

-- As they stand in JSON.
local IN_JSON = {
  ["space"] = " ",
  ["line feed"] = "\\n",
  ["NUL"] = "\\u0000",
  ["0x9B"] = "\155",
  ["turn of direction"] = "\226\128\174",
  ["backslash"] = "\\\\",
  ["quotation mark"] = '\\"',
  ["["] = "[",
  ["a_"] = "a_",
  ["A"] = "A",
  ["."] = ".",
  ["../"] = "../",
  ["7"] = "7",
  ["<"] = "<",
}

local IN_HEADERS = { " ", "\t", "\155", "a", "A", "7", ".", ",", "../", "./", '"', "%", ":", "[" }

local function cost(run, ...)
  collectgarbage()
  local before = os.clock()
  run(...)
  return os.clock() - before
end

-- Runs it with each length, and compares.
local function grow(what, lengths, run, prepare)
  local before = LEAST
  for _, length in ipairs(lengths) do
    local prepared = prepare(length)
    local seconds = cost(run, prepared)
    if seconds > MOST * before then
      error(("%s: %.3f s of CPU for a length of %d, %.3f s before"):format(what, seconds, length, before), 0)
    end
    before = math.max(seconds, LEAST)
  end
end

-- A form with a run in the place of each @.
local function filled(form, bytes, length)
  local _, count = form:gsub("@", "")
  return (form:gsub("@", (bytes:rep(math.floor(length / #bytes / count)):gsub("%%", "%%%%"))))
end

-- What a call gives when it fails can be shown and encoded.
local function check(value, message, err)
  if value == nil then
    assert(err.kind ~= "network" or err.code == "connect", message) -- it must have been read
    assert(#message < 40000, #message)
    assert.is_nil(message:find "[%z\1-\31\127]")
    assert(core.utf8_length(message))
    assert(core.encode(err))
  end
  return value
end

-- Bodies of answers, with @ for the run, and the calls that read them.
local function get(client)
  local video = check(client.videos:get "v1")
  return video and response.of(video)
end

local function create(client)
  check(client:create { prompt = "x" })
end

local function list(client)
  local page = check(client.videos:list())
  if page and page.has_more then
    check(page:next())
  end
end

local function wait(target)
  return function(client)
    check(client:wait(target, { timeout = 0.001, interval = 0.001, not_found_grace = 0 }))
  end
end

local function wait_for_job(client)
  check(client.video_translations:wait("tr_1", { timeout = 0.001, interval = 0.001, not_found_grace = 0 }))
end

local function upload(client)
  check(client.assets:upload({ data = uploading.PNG, filename = "a.png" }, { direct = true, deadline = 5 }))
end

local BODIES = {
  { 400, '{"error":{"code":"a@b","message":"@","param":"@","doc_url":"@"}}', get },
  { 400, '{"error":"@","message":"a@b"}', get },
  { 400, '{"detail":[{"loc":["body","@"],"msg":"@b"}],"code":"@"}', get },
  { 200, '{"code":"a@b","msg":"@b"}', get },
  { 402, '{"session_id":"@","data":{"video_id":"b@"},"error":{"code":"x"}}', create },
  { 200, "@", get },
  { 200, "@", list },
  { 401, "@<html>", get },
  { 503, "@", get },
  { 200, '{"data":{"id":"@","status":"completed"}}', get },
  { 200, '{"data":{"id":"v1","status":"@","title":"@","video_url":"@"}}', get },
  { 200, '{"data":{"status":"failed","failure_code":"@","failure_message":"a@"}}', wait "v1" },
  { 200, '{"data":{"status":"failed","error":{"code":"@","message":"@"},"video_url":"@"}}', wait "v1" },
  { 200, '{"data":{"session_id":"s","status":"@","messages":[{"role":"@","content":"@"}]}}', wait "sess_1" },
  {
    200,
    '{"data":{"session_id":"s","status":"waiting_for_input","messages":[{"content":"@"}]}}',
    wait "sess_1",
  },
  { 200, '{"data":{"session_id":"@","status":"x","progress":"@"}}', create },
  { 200, '{"data":{"session_id":"s","video_id":"@","status":"x"}}', wait "sess_1" },
  { 200, '{"data":{"session_id":"a@', create },
  { 200, '{"data":{"video_id":@', create },
  { 200, '{"data":[{"id":"@"}],"has_more":"@","next_token":"@"}', list },
  { 200, '{"data":[{"id":"@"}],"has_more":true,"next_token":"@"}', list },
  { 200, '{"data":{"id":"tr_1","status":"failed","failure_message":"@","failure_code":"@"}}', wait_for_job },
  { 200, '{"data":{"asset_id":"@","upload_url":"@","upload_headers":{"a@":"@"}}}', upload },
  { 200, '{"data":{"asset_id":"a","upload_url":"https://127.0.0.1:1/@","upload_headers":{"@":1}}}', upload },
}

local HEADERS = {
  "Retry-After: @x\r\nX-Request-Id: @\r\nETag: @\r\nX: @\r\n",
  "X-Amzn-RequestId: @\r\nContent-Type: @/json\r\nLast-Modified: @\r\nDate: @\r\n",
  "Content-Range: bytes @/@\r\nContent-Disposition: attachment; filename=@\r\nLocation: @\r\n",
  "Content-Encoding: @\r\n@: x\r\n@\r\n",
}

-- In headers and redirects of a file.
local TEXTS =
  { "@", "@x", "bytes @-9/10", "bytes 0-9/@", "text/html@", "@/json", '"@"', "@, 01 Jan 2026", "gzip@" }
local LOCATIONS = { "@", "a@", "/@", "//@", "https://@", "https://a/@b", "?@", "../@", "@://a" }
local DELIVERIES = {
  '{"event_type":"@","event_id":"@","event_data":{"video_id":"@","msg":"@","url":"@"}}',
  '{"event_type":"avatar_video.fail","event_data":{"video_id":"a@","msg":"@","callback_id":"@"}}',
  "@{}",
}

describe("what takes the square of its length", function()
  local server, client

  setup(function()
    server = raw.start()
    client = live.client(server, { max_retries = 0, timeout = 60 })
  end)

  teardown(function()
    server:stop()
  end)

  -- All connections are answered alike.
  local function serve(head, body, bytes, length)
    server:ask(([[
      local long = (%q):rep(%d)
      _G.head = (%q):gsub("@", function() return long end)
      _G.body = (%q):gsub("@", function() return long end)
      return true
    ]]):format(bytes, math.floor(length / #bytes), head, body))
    server:serve [[
      c:request()
      c:send(head .. "Connection: close\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
      c:close()
    ]]
  end

  it("is in no field of an answer #once #slow", function()
    for name, bytes in pairs(IN_JSON) do
      for _, case in ipairs(BODIES) do
        local status, body, call = case[1], case[2], case[3]
        grow(("HTTP %d %s with %s"):format(status, body, name), LENGTHS, call, function(length)
          local _, count = body:gsub("@", "")
          serve(("HTTP/1.1 %d Status\r\n"):format(status), body, bytes, length / count)
          return client
        end)
      end
    end
  end)

  local function read()
    check(client.users:me())
    local value = check(client.videos:get "v1")
    if value then
      assert(heygen.response(value).headers)
    end
  end

  it("is in no header and no status line #once #slow", function()
    for _, bytes in ipairs(IN_HEADERS) do
      for _, status in ipairs { 200, 503 } do
        for _, headers in ipairs(HEADERS) do
          grow(("%d %s with %q"):format(status, headers, bytes), HEADER_LENGTHS, read, function(length)
            local head = ("HTTP/1.1 %d @\r\n"):format(status) .. headers
            serve(head, '{"data":{"id":"v1","status":"completed"}}', bytes, length)
          end)
        end
      end
    end
  end)

  -- What judge.read asks of an operation whose headers all have this text.
  local function head_of(text)
    return {
      status = function()
        return 206
      end,
      header = function()
        return text
      end,
      head = function()
        return text
      end,
    }
  end

  it("is in no header of a file, no redirect and no first bytes #once #slow", function()
    for _, bytes in ipairs(IN_HEADERS) do
      for _, text in ipairs(TEXTS) do
        grow(("a header %q of %q"):format(text, bytes), LENGTHS, function(filled_text)
          judge.read(head_of(filled_text))
          judge.is_page(filled_text)
          retry.after(filled_text, 0)
        end, function(length)
          return filled(text, bytes, length)
        end)
      end
      for _, form in ipairs(LOCATIONS) do
        grow(("a redirect to %q of %q"):format(form, bytes), HEADER_LENGTHS, function(location)
          for _, url in ipairs { "https://a.example/b/c", "https://a.example/" .. ("d/"):rep(100) } do
            local state = { url = url, redirects = 0, fail = heygen.is_error, options = {} }
            address.redirect(client, state, { location = location, status = 302, message = "" })
          end
        end, function(length)
          return filled(form, bytes, length)
        end)
      end
    end
  end)

  it("is in no delivery #once #slow", function()
    for name, bytes in pairs(IN_JSON) do
      for _, form in ipairs(DELIVERIES) do
        grow(("a delivery %s of %s"):format(form, name), LENGTHS, function(body)
          check(heygen.webhook.parse(body))
        end, function(length)
          return filled(form, bytes, length)
        end)
      end
    end
  end)
end)
