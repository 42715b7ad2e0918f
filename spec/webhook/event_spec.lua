-- heygen.webhook.parse: each shape of a delivery becomes the same fields; what is not as expected is absent.

local core = require "heygen.core"
local heygen = require "heygen"
local random = require "spec.support.random"
local webhook = require "heygen.webhook"

local function parse(value)
  return assert(webhook.parse(type(value) == "string" and value or core.encode(value)))
end

-- The fields of an event, without the tables.
local function plain(event)
  local copy = {}
  for name, value in pairs(event) do
    if name ~= "data" and name ~= "raw" and name ~= "signed" then
      copy[name] = value
    end
  end
  return copy
end

-- What is sent, and the fields that the event has.
local SHAPES = {
  ["avatar_video.success"] = {
    {
      event_type = "avatar_video.success",
      event_data = {
        video_id = "v",
        url = "https://files/v.mp4",
        gif_download_url = "https://files/v.gif",
        video_page_url = "https://app/v",
        video_share_page_url = "https://app/s",
        folder_id = core.null,
        callback_id = "order-1",
      },
    },
    {
      type = "avatar_video.success",
      ok = true,
      video_id = "v",
      url = "https://files/v.mp4",
      callback_id = "order-1",
    },
  },
  ["avatar_video.fail"] = {
    {
      event_type = "avatar_video.fail",
      event_data = { video_id = "v", msg = "No credit", callback_id = core.null },
    },
    { type = "avatar_video.fail", ok = false, video_id = "v", reason = "No credit" },
  },
  ["video_agent.success, with an id and a time"] = {
    {
      event_id = "evt_1",
      created_at = "2026-11-25T21:32:26Z",
      event_type = "video_agent.success",
      event_data = { session_id = "s", video_id = "v", video_url = "https://files/v.mp4" },
    },
    {
      type = "video_agent.success",
      ok = true,
      event_id = "evt_1",
      created_at = "2026-11-25T21:32:26Z",
      session_id = "s",
      video_id = "v",
      url = "https://files/v.mp4",
    },
  },
  ["video_agent.fail"] = {
    {
      event_type = "video_agent.fail",
      event_data = { session_id = "s", video_id = core.null, message = "Refused" },
    },
    { type = "video_agent.fail", ok = false, session_id = "s", reason = "Refused" },
  },
  ["video_translate.success"] = {
    {
      event_type = "video_translate.success",
      event_data = { video_translate_id = "t", url = "https://files/t.mp4", output_language = "German" },
    },
    { type = "video_translate.success", ok = true, video_translate_id = "t", url = "https://files/t.mp4" },
  },
  ["hyperframes_video.success"] = {
    {
      event_type = "hyperframes_video.success",
      event_data = { render_id = "hfr_1", url = "https://files/r.mp4" },
    },
    { type = "hyperframes_video.success", ok = true, render_id = "hfr_1", url = "https://files/r.mp4" },
  },
  ["video_translate.preflight.validation_failed"] = {
    {
      event_type = "video_translate.preflight.validation_failed",
      event_data = { video_translate_id = "t", message = "Too long" },
    },
    {
      type = "video_translate.preflight.validation_failed",
      ok = false,
      video_translate_id = "t",
      reason = "Too long",
    },
  },
  personalized_video = {
    {
      event_type = "personalized_video",
      event_data = {
        project_id = "p",
        video_id = "v",
        video_url = "https://files/v.mp4",
        landing_page_url = "https://l",
        gif_url = "https://g",
        gif_html = "<img>",
        contact_info = { name = "x" },
      },
    },
    { type = "personalized_video", project_id = "p", video_id = "v", url = "https://files/v.mp4" },
  },
  ["batch.finished"] = {
    { event_type = "batch.finished", event_data = { batch_id = "b", status = "completed" } },
    { type = "batch.finished", ok = true, batch_id = "b" },
  },
  ["data without a type, done"] = {
    { data = { video_id = "v", status = "completed", video_url = "https://files/v.mp4", error = core.null } },
    { ok = true, video_id = "v", url = "https://files/v.mp4" },
  },
  ["data without a type, failed"] = {
    {
      data = {
        video_id = "v",
        status = "failed",
        video_url = core.null,
        error = { message = "Gone", code = "x" },
      },
    },
    { ok = false, video_id = "v", reason = "Gone" },
  },
  ["an error without a type and a status"] = {
    { data = { video_id = "v", error = "Gone" } },
    { ok = false, video_id = "v", reason = "Gone" },
  },
  ["the same at the top level"] = {
    { video_id = "v", status = "SUCCESS", url = "https://files/v.mp4", callback_id = "c" },
    { ok = true, video_id = "v", url = "https://files/v.mp4", callback_id = "c" },
  },
  ["callback_id at the top level"] = {
    { event_type = "avatar_video.success", event_data = { video_id = "v" }, callback_id = "c" },
    { type = "avatar_video.success", ok = true, video_id = "v", callback_id = "c" },
  },
  ["the name under event"] = {
    { event = "avatar_video.success", event_data = { video_id = "v" } },
    { type = "avatar_video.success", ok = true, video_id = "v" },
  },
  ["the name under type, with data, as gateways send it"] = {
    { type = "video_agent.fail", data = { video_id = "v", error_code = "moderated" } },
    { type = "video_agent.fail", ok = false, video_id = "v", reason = "moderated" },
  },
  ["an unknown type"] = {
    {
      event_type = "hologram.thawed",
      event_data = { video_id = "v", session_id = "s", run_id = "r", render_id = "h" },
    },
    { type = "hologram.thawed", video_id = "v", session_id = "s", run_id = "r", render_id = "h" },
  },
  ["an unknown type that succeeds"] = {
    { event_type = "hologram.success", event_data = { job_id = "j", message = "fine" } },
    { type = "hologram.success", ok = true, job_id = "j" },
  },
  ["nothing"] = { "{}", {} },
}

describe("heygen.webhook.parse reads", function()
  for name, shape in pairs(SHAPES) do
    it(name, function()
      local event = parse(shape[1])
      assert.same(shape[2], plain(event))
      assert.is_false(event.signed)
    end)
  end

  it("all types of the API, whichever way it went", function()
    local contract = require "heygen.endpoints.event_types"
    local seen = 0
    for _, name in ipairs(contract) do
      local event = parse { event_type = name, event_data = { video_id = "v" } }
      assert.equal(name, event.type)
      if name:find "success" then
        assert.is_true(event.ok, name)
      elseif name:find "fail" then
        assert.is_false(event.ok, name)
      else
        assert.is_nil(event.ok, name)
      end
      seen = seen + 1
    end
    assert.equal(32, seen)
  end)

  it("a reason under any of its names", function()
    for _, name in ipairs { "msg", "error", "error_message", "message", "failure_message", "error_code" } do
      local event = parse { event_type = "avatar_video.fail", event_data = { [name] = "why" } }
      assert.equal("why", event.reason, name)
      event = parse { event_type = "avatar_video.fail", event_data = { x = 1 }, [name] = "why" }
      assert.equal("why", event.reason, name)
    end
    local event = parse { event_type = "x.fail", event_data = { msg = "a\n\27[31mb" .. ("c"):rep(2000) } }
    assert.matches("^a\\n\\x1b%[31mbccc", event.reason)
    assert.is_true(#event.reason <= 1010)
  end)

  it("ids from event_data, then from data, then from the top level", function()
    local event = parse {
      event_type = "video_agent.success",
      video_id = "top",
      session_id = "top",
      callback_id = "top",
      batch_id = "top",
      data = { video_id = "data", session_id = "data", callback_id = true },
      event_data = { video_id = "event_data" },
    }
    assert.same(
      { "event_data", "data", "top", "top" },
      { event.video_id, event.session_id, event.callback_id, event.batch_id }
    )
    event = parse { video_id = "top", session_id = "top", data = { video_id = "data" } }
    assert.same({ "data", "top" }, { event.video_id, event.session_id })
  end)

  it("the whole body into raw, and what it tells into data", function()
    local event =
      parse '{"event_type":"x","event_data":{"n":12,"none":null,"list":[1,null,2]},"more":{"a":true}}'
    assert.same({ n = 12, list = { 1, 2 } }, event.data)
    assert.same({ event_type = "x", event_data = event.data, more = { a = true } }, event.raw)
    assert.equal(event.raw.event_data, event.data)
    event = parse '{"data":{"a":1}}'
    assert.equal(event.raw.data, event.data)
    event = parse '{"a":1}'
    assert.equal(event.raw, event.data)
  end)

  it("a time as text or number", function()
    assert.equal(1795642178, parse('{"created_at":1795642178}').created_at)
    assert.is_nil(parse('{"created_at":{"x":1}}').created_at)
  end)
end)

describe("heygen.webhook.parse refuses", function()
  local function reason(...)
    local event, message, err = webhook.parse(...)
    assert.is_nil(event)
    assert.is_true(heygen.is_error(err))
    assert.same({ "webhook", message }, { err.kind, tostring(err) })
    return err.reason
  end

  it("what is no JSON object", function()
    for _, body in ipairs {
      "",
      "null",
      "[]",
      "true",
      '"x"',
      "3",
      "{",
      '{"a":}',
      "{'a':1}",
      "{}x",
      "\255",
      "x{}",
    } do
      assert.equal("malformed", reason(body), body)
    end
    assert.equal("malformed", reason(nil))
    assert.equal("malformed", reason(('{"a":'):rep(50000)))
  end)

  it("what is too large", function()
    assert.equal("too_large", reason((" "):rep(1048577)))
    assert.equal("too_large", reason("{}", { max_bytes = 1 }))
    assert.is_table(webhook.parse("{}", { max_bytes = 2 }))
  end)

  it("with a message that is one line, whatever was sent", function()
    local _, message = webhook.parse '{"a":\27[31m\r\n}'
    assert.is_nil(message:find "%c")
  end)

  it("by raising for what no server hands over", function()
    for wanted, arguments in pairs {
      ["raw_body: expected a string, got table"] = { {} },
      ['max_bytes: expected a number > 0, got "x"'] = { "{}", { max_bytes = "x" } },
      ['max_byte: unknown option, did you mean "max_bytes"?'] = { "{}", { max_byte = 1 } },
    } do
      local ok, problem = pcall(function()
        local event = webhook.parse(arguments[1], arguments[2])
        return event
      end)
      assert.is_false(ok)
      assert.matches("event_spec.lua:%d+: heygen.webhook.parse: ", problem)
      assert.matches(wanted, problem, 1, true)
    end
  end)
end)

describe("wrong types everywhere", function()
  local NAMES = {
    "event_type",
    "event",
    "type",
    "event_data",
    "data",
    "event_id",
    "created_at",
    "video_id",
    "session_id",
    "callback_id",
    "url",
    "video_url",
    "status",
    "msg",
    "error",
    "message",
    "error_code",
  }

  it("are absent fields, never errors #slow", function()
    local next_number = random.new(20261125)
    local function pick(list)
      return list[random.integer(next_number, 1, #list)]
    end
    local function value(depth)
      local kind = random.integer(next_number, 1, 9)
      if kind == 1 then
        return core.null
      elseif kind == 2 then
        return next_number() < 0.5
      elseif kind == 3 then
        return random.integer(next_number, -5, 5) * 1e300
      elseif kind == 4 then
        return pick { "", " ", "x", "avatar_video.success", "x.fail", "failed", "\0", "é" }
      elseif kind == 5 then
        return core.array {}
      elseif kind == 6 then
        return { value(depth + 1) }
      end
      local object = {}
      for _ = 1, depth < 3 and random.integer(next_number, 0, 6) or 0 do
        object[pick(NAMES)] = value(depth + 1)
      end
      return object
    end
    local texts = { type = true, url = true, reason = true, event_id = true }
    for index = 1, 3000 do
      local body = { x = index }
      for _ = 1, 8 do
        body[pick(NAMES)] = value(1)
      end
      local text = assert(core.encode(body))
      local event = parse(text)
      for name, field in pairs(event) do
        local kind = type(field)
        if texts[name] or name:find "_id$" then
          assert(kind == "string" and field ~= "", name .. " in " .. text)
        elseif name == "ok" or name == "signed" then
          assert(kind == "boolean", text)
        elseif name == "data" or name == "raw" then
          assert(kind == "table", text)
        else
          assert(name == "created_at" and (kind == "string" or kind == "number"), name .. " in " .. text)
        end
      end
    end
  end)
end)
