-- How deliveries are signed: vectors from the command line of OpenSSL, and webhook.sign.
-- And what is documented of verifying is what there is.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local webhook = require "heygen.webhook"
local verifying = require "spec.support.verifying"

local SECRET, BODY, reason = verifying.SECRET, verifying.BODY, verifying.reason

describe("signatures of OpenSSL's command line", function()
  local dir

  setup(function()
    dir = shell.must "mktemp -d"
  end)

  teardown(function()
    shell.must("rm -rf " .. shell.quote(dir))
  end)

  local function hmac(key, data)
    scripts.write(dir .. "/data", data)
    local hex = key:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)
    local command = "openssl dgst -sha256 -mac HMAC -macopt hexkey:%s -r %s"
    return shell.must(command:format(hex, shell.quote(dir .. "/data"))):match "^(%x+)"
  end

  local BODIES = {
    plain = BODY,
    utf8 = '{"event_type":"x","event_data":{"msg":"Grüße, 日本語, 😀"}}',
    ["trailing newline"] = BODY .. "\n",
    ["carriage returns"] = "{\r\n}\r\n",
    ["not UTF-8"] = '{"x":"\255\254"}',
    empty = "",
    ["NUL bytes"] = '{"x":"a\0b"}\0',
    long = '{"x":"' .. ("0123456789abcdef"):rep(4096) .. '"}',
  }

  for name, body in pairs(BODIES) do
    it("are found right: " .. name .. " #once", function()
      local signature = hmac(SECRET, body)
      assert.equal(64, #signature)
      -- Not JSON: that is only said of what is signed.
      local wanted = (name == "empty" or name == "NUL bytes") and "malformed" or "taken"
      local headers = { ["Heygen-Signature"] = signature }
      assert.equal(wanted, reason(headers, {}, body))
      assert.equal(signature, webhook.sign(body, SECRET)["Heygen-Signature"])
      assert.equal("bad_signature", reason(headers, {}, body .. "\n"))
      local cut = SECRET:gsub("^whsec_", "")
      assert.equal("bad_signature", reason({ ["Heygen-Signature"] = hmac(cut, body) }, {}, body))
    end)
  end
end)

describe("heygen.webhook.sign", function()
  it("makes a time and an id of its own, unless they are given or not wanted", function()
    local headers = webhook.sign(BODY, SECRET)
    assert.matches("^%d+$", headers["Heygen-Timestamp"])
    assert.matches("^evt_%x+%-", headers["Heygen-Event-Id"])
    assert.not_equal(headers["Heygen-Event-Id"], webhook.sign(BODY, SECRET)["Heygen-Event-Id"])
    local bare = webhook.sign(BODY, SECRET, { timestamp = false, event_id = false })
    assert.same({ ["Heygen-Signature"] = headers["Heygen-Signature"] }, bare)
  end)

  it("raises for what it cannot sign with", function()
    for problem, arguments in pairs {
      ["body: expected a string, got nil"] = { nil, SECRET },
      ["secrets: an empty secret would accept every sender"] = { BODY, "" },
      ["secret: expected a string, got table"] = { BODY, { SECRET } },
      ["timestamp: expected Unix seconds as a whole number"] = { BODY, SECRET, { timestamp = 1.5 } },
      ["event_id: expected 1 to 200 letters"] = { BODY, SECRET, { event_id = "a\r\nb" } },
    } do
      local ok, raised = pcall(function()
        webhook.sign(arguments[1], arguments[2], arguments[3])
      end)
      assert.is_false(ok)
      assert.matches("sign_spec.lua:%d+: heygen.webhook.sign: ", raised)
      assert.matches(problem, raised, 1, true)
    end
  end)
end)

describe("the options of verify and sign", function()
  local module = require "heygen.webhook.verify"
  local source, page = scripts.read "lua/heygen/webhook/verify.lua", scripts.read "docs/deliveries.md"

  local function names(text, pattern)
    local list = {}
    for name in text:gmatch(pattern) do
      list[#list + 1] = name
    end
    table.sort(list)
    return list
  end

  for title, part in pairs {
    Verify = { "VerifyOptions", module.options },
    Sign = { "SignOptions", module.sign_options },
  } do
    it("are those of the types and of docs/deliveries.md: " .. title, function()
      local known = {}
      for name in pairs(part[2]) do
        known[#known + 1] = name
      end
      table.sort(known)
      local class = source:match("%-%-%-@class heygen%.webhook%." .. part[1] .. "\n(.-)\n[^-]")
      assert.same(known, names(class, "@field ([%w_]+)"))
      local section = (page .. "\n## "):match("\n## " .. title .. "\n(.-)\n## ")
      assert.same(known, names(section, "\n| `([%w_]+)` |"))
    end)
  end

  it("have the defaults that are documented", function()
    local event = require "heygen.webhook.event"
    assert.matches("| `max_bytes` | `" .. event.MAX_BYTES .. "` |", page, 1, true)
    local store = require "heygen.webhook.store.memory"
    assert.matches(("{ max = %d, ttl = %d }"):format(store.MAX, store.TTL), page, 1, true)
  end)
end)

describe("the fields of an event", function()
  it("are those of the type and of docs/deliveries.md", function()
    local event = require "heygen.webhook.event"
    local source, page = scripts.read "lua/heygen/webhook/event.lua", scripts.read "docs/deliveries.md"
    local documented, typed = {}, {}
    for cell in page:match("\n## Events\n(.-)\n## "):gmatch "\n| (`[^|]+) |" do
      for name in cell:gmatch "`([%w_]+)`" do
        documented[name] = true
      end
    end
    for name in page:match("\nThe ids are (.-)\n\n"):gmatch "`([%w_]+)`" do
      documented[name] = true
    end
    for name in source:match("%-%-%-@class heygen%.Event\n(.-)\nlocal"):gmatch "@field ([%w_]+)" do
      typed[name] = true
    end
    assert.same(documented, typed)
    for _, name in ipairs(event.ids) do
      assert.is_true(typed[name], name)
    end
  end)
end)
