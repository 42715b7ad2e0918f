-- Files of certificates: a thread reads each once, no call waits for it, and it verifies as strictly as libcurl.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local lfs = require "lfs"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local support = require "spec.support.frames"
local system = require "spec.support.system"

local PATIENCE = 120
local frames, assert_ok, assert_failed = support.run, support.assert_ok, support.assert_failed

describe("a file of certificates", function()
  local server, engine, pipe

  setup(function()
    server = nginx.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    pipe = child.scratch ".crt"
  end)

  local function get(fields)
    local request = { base = server.url.good, target = "/", ca_file = server.ca }
    for name, value in pairs(fields or {}) do
      request[name] = value
    end
    return assert(engine:create(request))
  end

  -- A file that cannot be read to its end before it is filled.
  local function slow_file()
    shell.must("mkfifo " .. pipe)
    return pipe
  end

  local function fill(after)
    local command = ("sleep %s; timeout 10 sh -c 'cat %s >%s'"):format(after or 0, server.ca, pipe)
    shell.must(("unset LD_PRELOAD; (%s) </dev/null >/dev/null 2>&1 &"):format(command))
  end

  after_each(function()
    if lfs.attributes(pipe) then
      fill() -- if a test failed before it did, closing would wait for ever
    end
    engine:close()
    os.remove(pipe)
  end)

  it("is not waited for, and other requests continue", function()
    local operation, other = get { ca_file = slow_file(), timeout = 60 }, get()
    for _ = 1, 100 do
      engine:poll(0)
    end
    assert.is_false(operation:done())
    assert_ok { exchange.await(engine, other) } -- neither do steps without a budget
    for _ = 1, 10 do
      assert.is_nil((engine:wait(0.001)))
    end
    local readable = engine:pollfd() and support.is_readable(engine)
    engine:poll()
    if readable then -- a timer may have stood there
      readable = support.is_readable(engine)
    end
    assert.is_falsy(readable)
    assert.equal("no", operation:sent())
    fill()
    if engine:pollfd() then
      assert.equal(1, #socket.select({ engine }, nil, PATIENCE))
    end
    frames(engine, { operation }, 0)
    assert_ok { operation }
    assert_ok { exchange.await(engine, get { ca_file = pipe }) } -- it is not read again
  end)

  it("leaves neither thread nor descriptor behind", function()
    exchange.await(engine, get())
    engine:close()
    local threads, descriptors = process.threads(), process.descriptors()
    engine = assert(core.new_engine())
    assert_ok { exchange.await(engine, get { ca_file = server.ca }) }
    get { ca_file = server.untrusted }
    get { ca_file = "/etc/ssl/certs/ca-certificates.crt" }
    engine:close()
    assert.equal(descriptors, process.descriptors())
    assert.equal(threads, process.threads())
  end)

  it("that is no good fails the request, and tries again with the next request", function()
    server:write("empty.crt", "")
    server:write("garbage.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    server:write("key.crt", io.open(server.directory .. "/good.key"):read "*a")
    for _, name in ipairs { "missing.crt", "empty.crt", "garbage.crt", "key.crt", "files" } do
      local path = server.directory .. "/" .. name
      local operations =
        { get { ca_file = path }, get { ca_file = path, fresh = true, method = "POST", body = "x" } }
      frames(engine, operations, 0)
      for _, operation in ipairs(operations) do
        assert_failed(operation, "network", "certificate")
        local _, message, failure = operation:result()
        assert.equal(77, failure.curl_code)
        assert.equal("error setting certificate file: " .. path, message)
      end
    end
    server:write("missing.crt", io.open(server.ca):read "*a")
    local path = server.directory .. "/missing.crt"
    assert_ok { exchange.await(engine, get { ca_file = path }) }
    os.remove(path)
    assert_ok { exchange.await(engine, get { ca_file = path, fresh = true }) } -- known by now
  end)

  it("is read again once it is replaced, at the latest when a certificate does not fit", function()
    local path = server.directory .. "/replaced.crt"
    local function replace(by)
      server:write("new.crt", io.open(by):read "*a")
      assert(os.rename(server.directory .. "/new.crt", path))
    end
    replace(server.untrusted)
    local operation = exchange.await(engine, get { ca_file = path, fresh = true })
    assert_failed(operation, "network", "certificate")
    replace(server.ca)
    -- The failure is another one: one that passes.
    assert_failed(exchange.await(engine, get { ca_file = path, fresh = true }), "network", "tls")
    assert_ok { exchange.await(engine, get { ca_file = path, fresh = true }) }
  end)

  it("is the one of the environment, where no other is named", function()
    local hash = shell.must("openssl x509 -noout -hash -in " .. server.ca)
    shell.must(("cp %s %s/%s.0"):format(server.ca, server.directory, hash))
    for setting, code in pairs {
      ["SSL_CERT_FILE=" .. server.ca] = "nil",
      ["SSL_CERT_FILE=" .. server.untrusted] = "certificate",
      ["SSL_CERT_DIR=" .. server.directory] = "nil",
      ["SSL_CERT_FILE=/missing SSL_CERT_DIR=" .. server.directory] = "nil",
      ["SSL_CERT_FILE=/missing"] = "certificate",
    } do
      local output = child.must(
        ([[
          local exchange = require "spec.support.exchange"
          local engine = require("heygen.core").new_engine()
          local operation = exchange.run(engine, { url = "%s", allow_http = false })
          io.write(tostring(select(3, operation:result()) and select(3, operation:result()).code))
        ]]):format(server.url.good),
        "export " .. setting .. ";"
      )
      assert.equal(code, output, setting)
    end
  end)

  it("counts for the requests that name it", function()
    local operations = {}
    for n = 1, 40 do
      operations[n] = get { ca_file = n % 2 == 0 and server.ca or server.untrusted, fresh = n % 4 > 1 }
    end
    frames(engine, operations, 0.0005)
    for n, operation in ipairs(operations) do
      if n % 2 == 0 then
        assert_ok { operation }
      else
        assert_failed(operation, "network", "certificate")
      end
    end
    -- Many files: those that are forgotten are read again.
    for n = 1, 20 do
      server:write("own" .. n .. ".crt", io.open(server.ca):read "*a")
    end
    for n = 1, 40 do
      local path = server.directory .. "/own" .. (n - 1) % 20 + 1 .. ".crt"
      operations[n] = get { ca_file = path, fresh = n % 3 == 0 }
    end
    frames(engine, operations, 0.0005)
    assert_ok(operations)
  end)

  it("may hold a certificate below the root, as for libcurl itself", function()
    local own = server.directory .. "/good.crt" -- the server's, and not its issuer's
    local status = exchange.get(engine, { url = server.url.good, ca_file = own, allow_http = false })
    assert.equal(200, status)
    local command = "env -u LD_PRELOAD curl -m 30 -s -o %s/ok --cacert %s %s"
    assert.same({ "", 0 }, { shell.run(command:format(server.directory, own, server.url.good)) })
  end)

  it("is for the server, not for a proxy", function()
    local operation = get { base = "https://server.invalid", proxy = server.url.good }
    exchange.await(engine, operation)
    assert_failed(operation, "network", "certificate")
  end)

  it("may be late: its requests can be cancelled, closed, or out of time", function()
    local file = slow_file()
    local cancelled, closed = get { ca_file = file }, get { ca_file = file }
    local late = get { ca_file = file, timeout = 0.02 }
    engine:poll(0)
    assert.is_true(cancelled:cancel())
    assert_failed(cancelled, "cancelled")
    exchange.await(engine, late)
    assert_failed(late, "timeout", "timeout")
    late = get { ca_file = file, timeout = 0.02 }
    repeat
      engine:poll(0)
    until late:done()
    assert_failed(late, "timeout", "timeout")
    assert.is_false(closed:done())
    fill(0.05) -- closing waits for the thread
    engine:close()
    assert_failed(closed, "closed")
  end)

  it("does not harm a process that ends during this", function()
    for _, ending in ipairs { "os.exit(0)", "os.exit(0, true)", "engine = nil", "engine:close()" } do
      local output = child.must(
        ([[ engine = require("heygen.core").engine()
        engine:create { url = %q } engine:poll(0) io.write "end" io.stdout:flush() %s ]]):format(
          server.url.good,
          ending
        )
      )
      assert.equal("end", output)
    end
  end)

  it("is read to its end before a fork, and both processes continue", function()
    local operation = get { ca_file = slow_file() }
    engine:poll(0)
    fill(0.05)
    local pid = system.fork()
    if pid == 0 then
      local ok, message = pcall(function()
        assert(operation:done())
        assert_failed(operation, "closed")
        engine = core.new_engine()
        assert_ok { exchange.await(engine, get()) }
        engine:close()
      end)
      io.stderr:write(ok and "" or "in the child: " .. tostring(message) .. "\n")
      system.leave(ok)
    end
    assert.is_true(system.wait(pid))
    assert_ok { exchange.await(engine, operation) }
  end)
end)
