-- Bodies in segments: strings and files, as they are or as base64 that is made while it is sent.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local folder = require "spec.support.folder"
local mime = require "mime"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"

describe("a body in segments", function()
  local server, engine
  local here = folder.new()
  local path, write = here.path, here.write

  setup(function()
    server = raw.start()
    here.make()
  end)

  teardown(function()
    server:stop()
    here.remove()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  local function noise(length)
    local parts = {}
    for n = 1, math.ceil(length / 256) do
      parts[n] = core.random(256)
    end
    return table.concat(parts):sub(1, length)
  end

  local function start(body, fields)
    local request = { method = "POST", url = server.url, body = body, allow_http = true }
    for name, value in pairs(fields or {}) do
      request[name] = value
    end
    return assert(engine:create(request))
  end

  local function post(body, fields)
    local operation = exchange.await(engine, start(body, fields))
    assert.equal(200, (assert(operation:result())))
    local requests = server:requests()
    local request = requests[#requests]
    assert.equal(tostring(#request.body), request.headers["content-length"])
    assert.is_nil(request.headers["transfer-encoding"])
    assert.same({ #request.body, #request.body }, { select(3, operation:progress()) })
    return request.body, request
  end

  -- What LuaSocket makes of the first bytes, for each length, a line each.
  local function base64(content, lengths)
    local lines = {}
    for index, length in ipairs(lengths) do
      lines[index] = mime.b64(content:sub(1, length)) or ""
    end
    return table.concat(lines, "\n") .. "\n"
  end

  it("has strings and files in their order", function()
    local content = noise(100000)
    local file = write("plain.bin", content)
    local body, request = post(
      { '{"a":"', { file = file }, "", '\0"', { base64_file = file }, { base64 = "Man" }, "}" },
      { content_type = "application/json" }
    )
    local text = shell.must("base64 -w 0 " .. file) -- of coreutils
    assert.equal(core.sha256('{"a":"' .. content .. '\0"' .. text .. "TWFu}"), core.sha256(body))
    assert.equal("application/json", request.headers["content-type"])
    assert.equal("POST / HTTP/1.1", request.first)
    assert.is_nil(request.headers.expect)
  end)

  it("makes the base64 of any length, from memory and from files", function()
    local content = noise(300)
    local lengths, memory, files = {}, {}, {}
    for length = 0, 100 do
      lengths[length + 1] = length
      memory[#memory + 1] = { base64 = content:sub(1, length) }
      memory[#memory + 1] = "\n"
      files[#files + 1] = { base64_file = write("short" .. length, content:sub(1, length)) }
      files[#files + 1] = "\n"
    end
    local wanted = base64(content, lengths)
    assert.equal(wanted, (post(memory)))
    assert.equal(wanted, (post(files)))
  end)

  it("makes it across the pieces in which it is read and sent", function()
    local content, lengths = noise(70000), {}
    for _, edge in ipairs { 3 * 4096, 48 * 1024, 64 * 1024 } do
      for by = -2, 2 do
        lengths[#lengths + 1] = edge + by
      end
    end
    local memory, files = {}, {}
    for index, length in ipairs(lengths) do
      memory[#memory + 1] = { base64 = content:sub(1, length) }
      memory[#memory + 1] = "\n"
      files[#files + 1] = { base64_file = write("long" .. index, content:sub(1, length)) }
      files[#files + 1] = "\n"
    end
    local wanted = core.sha256(base64(content, lengths))
    assert.equal(wanted, core.sha256((post(memory))))
    assert.equal(wanted, core.sha256((post(files))))
  end)

  it("is sent from its beginning again when libcurl repeats the request", function()
    server:serve [[ if n == 1 then c:request() c:answer(200) c:request() c:close() else
      while c:request() do c:answer(200) end end ]]
    local content = noise(70000)
    local file = write("again.bin", content)
    exchange.get(engine, { url = server.url })
    local body = post { "<", { base64_file = file }, { base64 = "Ma" }, { file = file }, ">" }
    assert.equal(3, #server:requests())
    assert.equal("<" .. base64(content, { 70000 }):sub(1, -2) .. "TWE=" .. content .. ">", body)
  end)

  it("takes files that are open, and spools", function()
    local file = assert(core.file(write("open.bin", "was open")))
    os.remove(path "open.bin")
    local spool = assert(core.spool "x")
    assert(spool:append "first, ")
    assert(spool:append "second")
    assert.equal("was open|Zmlyc3QsIHNlY29uZA==", (post { { file = file }, "|", { base64_file = spool } }))
    assert.equal("was open", (post(nil, { file = file, method = "PUT" })))
    local operation = start { { file = file }, { file = spool } }
    file:close()
    spool:close()
    exchange.await(engine, operation)
    assert.equal("was openfirst, second", server:requests()[3].body)
    local _, message = pcall(start, { { file = file } })
    assert.matches("the file is closed", message)
  end)

  it("continues when neither its operation nor the strings are kept", function()
    local content = noise(180000)
    local function begin()
      start({ "[", { base64 = content:sub(1, 120000) }, content:sub(120001), "]" }, { method = "PUT" })
      start(nil, { multipart = { { name = "a", data = content:sub(1, 100000) .. "!" } } })
    end
    begin()
    for _ = 1, 3 do
      collectgarbage()
    end
    local junk = {}
    for n = 1, 50 do -- what was freed is written over
      junk[n] = ("x"):rep(20000 + n)
    end
    assert.equal(50, #junk)
    exchange.until_(engine, function()
      return engine:live() == 0
    end, "the end of both")
    local requests = server:requests()
    table.sort(requests, function(a, b)
      return a.method > b.method
    end)
    local wanted = "[" .. mime.b64(content:sub(1, 120000)) .. content:sub(120001) .. "]"
    assert.equal(core.sha256(wanted), core.sha256(requests[1].body))
    assert(requests[2].body:find(content:sub(1, 100000) .. "!", 1, true))
  end)

  it("lets go of its strings when it is done", function()
    collectgarbage()
    local before = collectgarbage "count"
    local operation = exchange.await(engine, start { { base64 = ("x"):rep(3000000) } })
    assert.equal(200, (operation:result()))
    server:answers(200, "") -- forgets the body
    collectgarbage()
    collectgarbage()
    assert(collectgarbage "count" - before < 1000)
    assert.equal(200, (operation:result()))
  end)

  it("takes no second copy of what it sends #native #once", function()
    server:serve [[
      while true do
        local request = c:head()
        if not request then
          return
        end
        local left = tonumber(request.headers["content-length"])
        while left > 0 and c:need(1) do
          left = left - #c.input
          c.input = ""
        end
        c:answer(200, tostring(left))
      end
    ]]
    local output = child.must(([[
        local core = require "heygen.core"
        local function resident()
          local file = io.open "/proc/self/statm"
          local pages = file:read("*l"):match "^%%d+ (%%d+)"
          file:close()
          return tonumber(pages) * 4096
        end
        local content = ("0123456789abcdef"):rep(2 * 1024 * 1024)
        local file = io.open(%q, "wb")
        file:write(content)
        file:close()
        local engine = core.new_engine()
        local function send(segment)
          collectgarbage()
          local operation = engine:create { method = "POST", url = %q, allow_http = true, body = { "<", segment, ">" } }
          local most = 0
          while not operation:done() do
            engine:wait(1)
            most = math.max(most, resident())
          end
          assert(select(2, operation:result()) == "0")
          return most
        end
        send "warm"
        local before = resident()
        print(send { base64 = content } - before, send { base64_file = %q } - before)
      ]]):format(path "large.bin", server.url, path "large.bin"))
    local memory, file = output:match "^(%-?%d+)%s+(%-?%d+)"
    assert(tonumber(memory) < 2000000, output) -- of 32 MB, and 43 of base64
    assert(tonumber(file) < 2000000, output)
  end)

  -- Starts sending, lets the file change, and checks that the server was not sent all of it.
  local function fails(change, segment)
    local name = write("changing", ("a"):rep(150000))
    shell.must("touch -d '1 hour ago' " .. name)
    for _, request in ipairs {
      { body = { "<", segment and segment(name) or { file = name }, ">" } },
      { file = name },
      { multipart = { { name = "f", file = name } } },
    } do
      write("changing", ("a"):rep(150000))
      shell.must("touch -d '1 hour ago' " .. name)
      server:answers(200, "ok")
      local operation = start(request.body, { file = request.file, multipart = request.multipart })
      change(name)
      exchange.await(engine, operation)
      local status, message, failure = operation:result()
      assert.is_nil(status)
      assert.equal("file", failure.kind)
      assert(message:find(name, 1, true), message)
      assert.is_false(server:until_gone(1)[1].requests[1].whole)
    end
    return name
  end

  it("fails when a file becomes shorter, longer or other", function()
    fails(function(name)
      write(name:match "[^/]+$", "short")
    end)
    fails(function(name)
      write(name:match "[^/]+$", ("a"):rep(150001))
    end)
    fails(function(name)
      write(name:match "[^/]+$", ("b"):rep(150000))
    end)
    fails(function(name)
      write(name:match "[^/]+$", ("b"):rep(150000))
    end, function(name)
      return { base64_file = name }
    end)
  end)

  it("sends what was opened when the name has come to stand for another file", function()
    local name = write("replaced", ("a"):rep(150000))
    local operation = start { { file = name } }
    os.rename(write("other", "b"), name)
    exchange.await(engine, operation)
    assert.equal(("a"):rep(150000), server:requests()[1].body)
  end)

  it("has no type where none is wanted", function()
    local _, request = post({ "x" }, { content_type = "" })
    assert.is_nil(request.headers["content-type"])
    _, request = post({ "x" }, { content_type = "", extra_headers = { ["Content-Type"] = "video/mp4" } })
    assert.equal("video/mp4", request.headers["content-type"])
    _, request = post { "x" }
    assert.equal("application/octet-stream", request.headers["content-type"])
  end)

  it("is refused when it is none", function()
    for body, wanted in pairs {
      [{}] = "^engine:create: body: expected a string, or an array of segments",
      [{ "a", 5 }] = "^engine:create: body%[2%]: expected a string, or a table",
      [{ {} }] = "^engine:create: body%[1%]: expected a string, or a table",
      [{ { base64 = 5 } }] = "^engine:create: body%[1%].base64: expected a string",
      [{ { file = 5 } }] = "^engine:create: file: expected a string",
      [{ { base64_file = "a\0b" } }] = "^engine:create: base64_file: CR, LF and NUL",
      [{ { file = io.stdout } }] = "^engine:create: file: expected a string",
    } do
      local ok, message = pcall(start, body)
      assert.is_false(ok)
      assert.matches(wanted, (message:gsub("^.-:%d+: ", "")))
    end
    local operation, message, failure = engine:create {
      method = "POST",
      url = server.url,
      body = { "a", { base64_file = path "missing" } },
      allow_http = true,
    }
    assert.is_nil(operation)
    assert.matches("missing: No such file", message)
    assert.same({ kind = "file", sent = "no" }, failure)
    assert.equal("heygen.engine (0 live)", tostring(engine))
  end)
end)
