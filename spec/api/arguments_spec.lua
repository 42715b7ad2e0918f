-- The arguments of every call: ids, queries, options; what is sent, and what is refused with which words.

local calls = require "spec.support.calls"
local core = require "heygen.core"
local endpoints = require "heygen.endpoints"
local arguments = require "heygen.api.arguments"
local random = require "spec.support.random"

local bad_value = calls.bad_value
local check = calls.check
local create = calls.create
local mistake = calls.mistake
local rows = calls.rows
local sent = calls.sent
local target = calls.target

describe("ids", function()
  it("go into the path", function()
    assert.equal("/v3/videos/vid_1-a.B~", target("videos:get", "vid_1-a.B~"))
    assert.equal("/v3/video-agents/s1/stop", target("video_agents:stop", "s1"))
    assert.equal("/v3/video-agents/s1/resources/r1", target("video_agents:resource", "s1", "r1"))
    assert.equal("/v3/videos/x", target("videos:delete", "x", nil))
  end)

  it("are escaped, slashes too", function()
    assert.equal("/v3/videos/a%2Fb", target("videos:get", "a/b"))
    assert.equal("/v3/videos/a%20b%3Fc%23d%25", target("videos:get", "a b?c#d%"))
    assert.equal("/v3/videos/%C3%A9", target("videos:get", "é"))
    assert.equal("/v3/videos/.hidden", target("videos:get", ".hidden"))
    assert.equal("/v3/videos/...", target("videos:get", "..."))
    assert.equal("/v3/videos/%252e%252e", target("videos:get", "%2e%2e"))
  end)

  it("may be the object that carries them", function()
    assert.equal("/v3/videos/v1", target("videos:get", { id = "v1", status = "completed" }))
    assert.equal("/v3/videos/v2", target("videos:get", { session_id = "s", video_id = "v2", id = "other" }))
    assert.equal("/v3/video-agents/s1", target("video_agents:get", { session_id = "s1", video_id = "v" }))
    assert.equal(
      "/v3/video-agents/s/resources/r",
      target("video_agents:resource", "s", { resource_id = "r" })
    )
    assert.equal("/v3/videos/a%2Fb", target("videos:get", { id = "a/b" }))
    local call = sent("video_agents:send", { session_id = "s1" }, { message = "continue" })
    assert.equal("/v3/video-agents/s1", call.target)
  end)

  it("must be the object's own where something is deleted or changed", function()
    local avatar = { id = "look_1", group_id = "group_1", name = "Ada" }
    local refused = "the table given has group_id and another id, "
      .. "so it may only mention what is meant; give the id itself"
    assert.equal("group_id: " .. refused, bad_value("avatars:delete", avatar))
    assert.equal("group_id: " .. refused, bad_value("avatars:update", avatar, { name = "Eve" }))
    assert.equal("/v3/avatars/group_1", target("avatars:get", avatar))
    assert.equal("/v3/avatars/looks/look_1", target("avatars:delete_look", avatar))
    assert.matches(
      "video_id and another session_id",
      bad_value("videos:delete", { session_id = "s", video_id = "v" })
    )
    assert.equal("/v3/videos/v", target("videos:delete", { video_id = "v", batch_id = "b", item_index = 0 }))
    assert.equal("/v3/videos/v", target("videos:delete", { id = "v", video_id = "v" }))
    assert.equal("/v3/videos/v", target("videos:delete", { id = "v", session_id = "s" }))
    assert.equal("/v3/videos/A-1", target("videos:delete", { id = "a1", video_id = "A-1" }))
    assert.equal("/v3/voices/c", target("voices:delete", { voice_clone_id = "c" }))
    local count = 0
    for _, row in ipairs(endpoints) do
      local id = row.path_params[1]
      if row.method ~= "GET" and row.method ~= "POST" then
        for _, other in ipairs { "id", "session_id", "event_id" } do
          local message = bad_value(row.group .. ":" .. row.name, { [id.name] = "a", [other] = "b" }, {})
          assert.matches(
            "^" .. id.name .. ": the table given has " .. id.name .. " and another " .. other,
            message
          )
        end
        count = count + 1
      end
    end
    assert.equal(17, count)
  end)

  it("are missed in an object that has none", function()
    assert.equal(
      "video_id: the table given has no video_id or id",
      bad_value("videos:get", { session_id = "s" })
    )
    assert.equal("session_id: the table given has no session_id", bad_value("video_agents:get", { id = "s" }))
    assert.equal(
      "video_id: the table given has no video_id or id",
      bad_value("videos:get", { id = core.null })
    )
    assert.equal("video_id: expected a string in the table given, got 5", bad_value("videos:get", { id = 5 }))
    assert.equal("video_id: empty, an id is needed", bad_value("videos:get", { id = "" }))
  end)

  it("do not hide fields that would be lost", function()
    assert.equal(
      "video_id: timeout belongs in a table of its own after the ids: client.videos:get(video_id, options)",
      mistake("videos:get", { video_id = "v", timeout = 5 })
    )
    assert.equal(
      "session_id: message belongs in a table of its own after the ids: client.video_agents:send(session_id, {...})",
      mistake("video_agents:send", { session_id = "s", voice_id = "v", message = "m" })
    )
  end)

  it("are refused when they are no text", function()
    assert.equal("video_id: expected a string, got nil", mistake "videos:get")
    assert.equal("video_id: expected a string, got nil", mistake("videos:get", nil))
    assert.equal("video_id: expected a string, got nil", mistake("videos:get", nil, { timeout = 1 }))
    assert.equal("video_id: expected a string, got 12345", mistake("videos:get", 12345))
    assert.equal("video_id: expected a string, got true", mistake("videos:delete", true))
    assert.equal("video_id: expected a string, got function", mistake("videos:get", print))
    assert.equal("video_id: expected a string, got null", mistake("videos:get", core.null))
    assert.equal("resource_id: expected a string, got nil", mistake("video_agents:resource", "s"))
  end)

  it("are refused when they could name another address", function()
    assert.equal("video_id: empty, an id is needed", bad_value("videos:delete", ""))
    assert.equal("video_id: blank, an id is needed", bad_value("videos:delete", " \t"))
    for _, id in ipairs { ".", "..", "../x", "x/..", "x/../y", "./x", "..\\x", "x\\.", "/..", "../" } do
      assert.equal('video_id: "' .. id .. '" is a path, not an id', bad_value("videos:delete", id))
    end
    local _, message = check("video_agents:resource", "s", "..")
    assert.equal('resource_id: ".." is a path, not an id', message)
  end)

  it("are refused with control characters and bytes that are no text", function()
    assert.equal('video_id: "a\\x00" has a control character at byte 2', bad_value("videos:get", "a\0"))
    assert.equal('video_id: "a\\r\\nb" has a control character at byte 2', bad_value("videos:get", "a\r\nb"))
    assert.equal('video_id: "\\x7f" has a control character at byte 1', bad_value("videos:get", "\127"))
    assert.equal("video_id: invalid UTF-8 at byte 3", bad_value("videos:get", "ab\255"))
    local long = ("x"):rep(100) .. "\n"
    assert.equal(
      'video_id: "' .. ("x"):rep(40) .. '..." has a control character at byte 101',
      bad_value("videos:get", long)
    )
  end)

  it("are safe whatever bytes they are made of", function()
    for byte = 0, 255 do
      for _, id in ipairs { string.char(byte), "a" .. string.char(byte) .. "b", "." .. string.char(byte) } do
        local call = check("videos:delete", id)
        if call then
          local escaped = call.target:match "^/v3/videos/([A-Za-z0-9_.~%%-]+)$"
          assert.is_string(escaped)
          assert.are_not.equal(".", escaped)
          assert.are_not.equal("..", escaped)
        end
      end
    end
  end)
end)

describe("arguments", function()
  it("are counted", function()
    assert.equal(
      "3 arguments given, client.videos:get(video_id, options) is the longest form",
      mistake("videos:get", "v", {}, {})
    )
    assert.equal(
      "2 arguments given, client.video_agents:create({...}) is the longest form",
      mistake("video_agents:create", { prompt = "p" }, nil)
    )
  end)

  it("need a table where fields go", function()
    assert.equal(
      'expected a table, got "a prompt", write {prompt = ...}',
      mistake("video_agents:create", "a prompt")
    )
    assert.equal("expected a table, got 10", mistake("videos:list", 10))
    assert.equal('expected a table, got "w"', mistake("videos:get", "v", "w"))
    assert.equal(
      'expected a table, got "hello", write {message = ...}',
      mistake("video_agents:send", "s", "hello")
    )
  end)

  it("may come without a count", function()
    assert.equal("/v3/videos/v", arguments.check(rows["videos:get"], { "v" }).target)
    assert.equal("/v3/videos", arguments.check(rows["videos:list"], {}).target)
  end)

  it("may be left out where nothing is needed", function()
    assert.equal("/v3/videos", target "videos:list")
    assert.equal("/v3/videos", target("videos:list", nil))
    assert.equal("/v3/videos", target("videos:list", {}))
    assert.same({}, sent("video_agents:stop", "s").body)
    assert.same({}, sent("video_agents:stop", "s", {}).body)
    assert.is_nil(sent("videos:get", "v").body)
  end)

  it("are never changed", function()
    local file = { url = "https://example.com/a.png" }
    local files, extra = { file }, { visibility = "private" }
    local fields = { prompt = "p", files = files, extra = extra, timeout = 5 }
    local call = sent("video_agents:create", fields)
    assert.same({
      prompt = "p",
      files = { { url = "https://example.com/a.png" } },
      extra = { visibility = "private" },
      timeout = 5,
    }, fields)
    assert.are_not.equal(files, call.body.files)
    assert.are_not.equal(file, call.body.files[1])
    assert.are_not.equal(fields, call.body)
  end)
end)

describe("unknown fields", function()
  local extra_hint = " (fields that this version does not know go into extra = {...})"

  it("are refused with what was meant", function()
    assert.equal(
      'orientaton: unknown field, did you mean "orientation"?' .. extra_hint,
      mistake(create { orientaton = "portrait" })
    )
    assert.equal(
      'promt: unknown field, did you mean "prompt"?' .. extra_hint,
      mistake("video_agents:create", { promt = "p" })
    )
    assert.equal('timeot: unknown field, did you mean "timeout"?', mistake("videos:get", "v", { timeot = 5 }))
    assert.equal('limt: unknown field, did you mean "limit"?', mistake("videos:list", { limt = 5 }))
    assert.equal("colour: unknown field" .. extra_hint, mistake(create { colour = "red" }))
    assert.equal("status: unknown field", mistake("videos:list", { status = "completed" }))
  end)

  it("are named in a fixed order", function()
    for _ = 1, 10 do
      assert.equal("aaa: unknown field" .. extra_hint, mistake(create { zzz = 1, aaa = 1, kkk = 1 }))
    end
  end)

  it("are explained when they are newer, retired or of another call", function()
    for _, name in ipairs { "visibility", "members" } do
      assert.equal(
        name .. ": this version does not check it yet, pass it as extra = {" .. name .. " = ...}",
        mistake(create { [name] = "x" })
      )
    end
    for _, name in ipairs { "auto_proceed", "skip_agentic_stop", "duration_sec" } do
      assert.equal(
        name .. ": the service no longer takes this field, leave it out",
        mistake(create { [name] = true })
      )
    end
    assert.equal(
      "extra: client.videos:list sends no body, so it takes no extra fields",
      mistake("videos:list", { extra = { a = 1 } })
    )
    assert.equal(
      "idempotency_key: client.videos:delete can be repeated without one, only POST requests take it",
      mistake("videos:delete", "v", { idempotency_key = "k" })
    )
  end)

  it("are refused when they have no name", function()
    assert.equal(
      "[1]: fields are named, write {prompt = ...}",
      mistake("video_agents:create", { "a prompt" })
    )
    assert.equal("[1]: fields are named, write {folder_id = ...}", mistake("videos:list", { 10 }))
    assert.equal("[1]: fields are named, write {timeout = ...}", mistake("videos:get", "v", { 10 }))
    assert.equal(".true: fields are named, write {prompt = ...}", mistake(create { [true] = 1 }))
  end)

  it("are cut and escaped in the message", function()
    local name = "a\n" .. ("b"):rep(100)
    assert.equal(
      "a\\n" .. ("b"):rep(38) .. "...: unknown field" .. extra_hint,
      mistake(create { [name] = 1 })
    )
  end)
end)

describe("queries", function()
  it("are escaped and in a fixed order", function()
    assert.equal(
      "/v3/videos?folder_id=f&limit=10&title=a%20%26%20b&token=eyJ%3D%2B%2F",
      target("videos:list", { token = "eyJ=+/", title = "a & b", limit = 10, folder_id = "f" })
    )
    assert.equal("/v3/videos?title=%C3%A9", target("videos:list", { title = "é" }))
    assert.equal("/v3/videos?folder_id=", target("videos:list", { folder_id = "" }))
    assert.equal("/v3/videos?title=..", target("videos:list", { title = ".." }))
  end)

  it("take whole numbers in every spelling", function()
    assert.equal("/v3/videos?limit=10", target("videos:list", { limit = 10.0 }))
    assert.equal("/v3/videos?limit=1", target("videos:list", { limit = 1 }))
    assert.equal("/v3/videos?limit=100", target("videos:list", { limit = 1e2 }))
  end)

  it("know their limits", function()
    local function limit(value)
      return select(2, check("videos:list", { limit = value }))
    end
    assert.equal("limit: expected an integer from 1 to 100, got 0", limit(0))
    assert.equal("limit: expected an integer from 1 to 100, got 101", limit(101))
    assert.equal("limit: expected an integer from 1 to 100, got -1", limit(-1))
    assert.equal("limit: expected an integer from 1 to 100, got 1.5", limit(1.5))
    assert.equal("limit: expected an integer from 1 to 100, got NaN", limit(0 / 0))
    assert.equal("limit: expected an integer from 1 to 100, got infinity", limit(math.huge))
    assert.equal('limit: expected an integer from 1 to 100, got "10"', limit "10")
    assert.equal("limit: null is not allowed, leave the field out", limit(core.null))
    assert.equal("title: empty, at least 1 character is needed", bad_value("videos:list", { title = "" }))
    assert.equal("token: empty, at least 1 character is needed", bad_value("videos:list", { token = "" }))
    assert.equal("token: expected a string, got 5", mistake("videos:list", { token = 5 }))
  end)

  it("leave open sets open", function()
    assert.equal(
      "/v3/video-agents/styles?tag=retro-tech",
      target("video_agents:styles", { tag = "retro-tech" })
    )
    assert.equal(
      "/v3/video-agents/styles?tag=brand-new",
      target("video_agents:styles", { tag = "brand-new" })
    )
  end)
end)

describe("videos:statuses", function()
  it("names the field that a bare list of ids belongs into", function()
    local _, message = arguments.check(rows["videos:statuses"], { { "a" } })
    assert.equal("[1]: fields are named, write {video_ids = ...}", message)
    _, message = arguments.check(rows["videos:statuses"], { "a" })
    assert.equal('expected a table, got "a", write {video_ids = ...}', message)
  end)

  local function ids(count)
    local list = {}
    for index = 1, count do
      list[index] = "v" .. index
    end
    return list
  end

  it("sends ids separated by commas", function()
    assert.equal("/v3/videos/statuses?video_ids=v1,v2,v3", target("videos:statuses", { video_ids = ids(3) }))
    assert.equal(
      "/v3/videos/statuses?batch_ids=b&video_ids=a%2Fb,c",
      target("videos:statuses", { video_ids = { "a/b", "c" }, batch_ids = { "b" } })
    )
  end)

  it("needs one of the two, and 100 ids at most", function()
    local missing = "video_ids: missing, give video_ids or batch_ids (or both)"
    assert.equal(missing, mistake "videos:statuses")
    assert.equal(missing, mistake("videos:statuses", {}))
    assert.equal(
      "video_ids: empty, at least 1 id is needed",
      bad_value("videos:statuses", { video_ids = {} })
    )
    assert.is_table(sent("videos:statuses", { video_ids = ids(100) }))
    assert.equal(
      "video_ids: 101 ids, at most 100 are allowed",
      bad_value("videos:statuses", { video_ids = ids(101) })
    )
    assert.is_table(sent("videos:statuses", { video_ids = ids(60), batch_ids = ids(40) }))
    assert.equal(
      "video_ids: 101 ids in all, at most 100 are allowed in one call",
      bad_value("videos:statuses", { video_ids = ids(60), batch_ids = ids(41) })
    )
  end)

  it("refuses what is no id", function()
    local function list(...)
      return "videos:statuses", { video_ids = { ... } }
    end
    assert.equal(
      'video_ids[2]: "a,b" has a comma; each id is an item of its own',
      bad_value(list("x", "a,b"))
    )
    assert.equal("video_ids[1]: empty, an id is needed", bad_value(list ""))
    assert.equal('video_ids[1]: ".." is a path, not an id', bad_value(list ".."))
    assert.equal('video_ids[2]: "a\\n" has a control character at byte 2', bad_value(list("x", "a\n")))
    assert.equal("video_ids[1]: expected a string, got 5", mistake(list(5)))
    assert.equal(
      'video_ids: expected an array of ids, got "v1"',
      mistake("videos:statuses", { video_ids = "v1" })
    )
    assert.equal(
      'video_ids: expected an array, found the key "id"',
      mistake("videos:statuses", { video_ids = { id = "v1" } })
    )
  end)
end)

describe("call options", function()
  it("are kept apart from the API's fields", function()
    local call = sent(create { timeout = 5, deadline = 60.5, max_retries = 0, idempotency_key = "a-b_c:1." })
    assert.same({ prompt = "p" }, call.body)
    assert.same({ timeout = 5, deadline = 60.5, max_retries = 0, idempotency_key = "a-b_c:1." }, call.options)
    call = sent("videos:list", { limit = 5, timeout = 2 })
    assert.equal("/v3/videos?limit=5", call.target)
    assert.same({ timeout = 2 }, call.options)
    assert.same({ max_retries = 1 }, sent("videos:get", "v", { max_retries = 1 }).options)
  end)

  it("are empty and read-only when there are none", function()
    local call = sent("videos:get", "v")
    assert.is_nil(call.options.timeout)
    assert.has_error(function()
      call.options.timeout = 5
    end, "the options of a call are read-only")
  end)

  it("are checked", function()
    local function option(name, value)
      return mistake(create { [name] = value })
    end
    for _, name in ipairs { "timeout", "deadline" } do
      assert.equal(name .. ': expected seconds > 0, got "5"', option(name, "5"))
      assert.equal(name .. ": expected seconds > 0, got 0", option(name, 0))
      assert.equal(name .. ": expected seconds > 0, got -1", option(name, -1))
      assert.equal(name .. ": expected seconds > 0, got NaN", option(name, 0 / 0))
      assert.equal(math.huge, check(create { [name] = math.huge }).options[name]) -- no bound
    end
    assert.equal("max_retries: expected an integer >= 0, got -1", option("max_retries", -1))
    assert.equal("max_retries: expected an integer >= 0, got 1.5", option("max_retries", 1.5))
    assert.equal("max_retries: expected an integer >= 0, got true", option("max_retries", true))
    assert.equal("idempotency_key: expected a string, got 5", option("idempotency_key", 5))
    local words = "idempotency_key: expected 1 to 255 letters, digits or _ - : ., got "
    assert.equal(words .. '""', option("idempotency_key", ""))
    assert.equal(words .. '"a b"', option("idempotency_key", "a b"))
    assert.equal(words .. '"a\\r\\n"', option("idempotency_key", "a\r\n"))
    assert.equal(words .. '"é"', option("idempotency_key", "é"))
    assert.equal(words .. '"' .. ("k"):rep(40) .. '..."', option("idempotency_key", ("k"):rep(256)))
    assert.is_table(sent(create { idempotency_key = ("k"):rep(255) }))
  end)
end)

describe("any arguments at all", function()
  it("give a request or a message, and are not changed #slow", function()
    local next = random.new(1711)
    local names = {
      "prompt",
      "message",
      "files",
      "limit",
      "token",
      "extra",
      "timeout",
      "video_ids",
      "callback_url",
      "x",
      1,
    }
    local scalars = {
      "",
      "a",
      "..",
      "a,b",
      "\255",
      "https://a",
      0,
      5,
      1.5,
      0 / 0,
      math.huge,
      true,
      false,
      core.null,
      print,
    }

    local function value(depth)
      if depth == 0 or next() < 0.6 then
        return scalars[random.integer(next, 1, #scalars)]
      end
      local made = {}
      for _ = 1, random.integer(next, 0, 3) do
        made[names[random.integer(next, 1, #names)]] = value(depth - 1)
      end
      return made
    end

    -- Raw contents, to see a change; == tells NaN from itself, so values are compared as text.
    local function picture(thing)
      if type(thing) ~= "table" then
        return tostring(thing)
      end
      local parts = {}
      for key, item in pairs(thing) do
        parts[#parts + 1] = tostring(key) .. "=" .. picture(item)
      end
      table.sort(parts)
      return "{" .. table.concat(parts, ",") .. "}"
    end

    local made, refused = 0, 0
    for _ = 1, 5000 do
      local row = endpoints[random.integer(next, 1, #endpoints)]
      local args, count = {}, random.integer(next, 0, 3)
      for index = 1, count do
        args[index] = value(3)
      end
      local before = picture(args)
      local call, message = arguments.check(row, args, count)
      assert.equal(before, picture(args))
      if call then
        made = made + 1
        assert.is_string(call.target)
        assert.is_nil(call.target:find "[^%w/?&=,._~%%-]")
        if call.body then
          assert(core.encode(call.body, row.body))
        end
      else
        refused = refused + 1
        assert.is_string(message)
        assert.is_nil(message:find "%c", message)
      end
    end
    assert.is_true(made > 100 and refused > 100, made .. " made, " .. refused .. " refused")
  end)
end)

describe("the way of every request", function()
  it("takes few and small allocations", function()
    if jit then
      jit.off()
    end
    local row, args = rows["videos:get"], { "video_id_1234567890" }
    local function cost(count)
      collectgarbage()
      collectgarbage "stop"
      local before = collectgarbage "count"
      for _ = 1, count do
        arguments.check(row, args, 1)
      end
      local after = collectgarbage "count"
      collectgarbage "restart"
      return (after - before) * 1024 / count
    end
    cost(10)
    local bytes = cost(1000)
    if jit then
      jit.on()
    end
    -- one table of two fields and one string
    assert.is_true(bytes < 200, bytes .. " bytes")
  end)
end)
