-- Local files as objects: what they are, their digest in slices, and spools, which leave nothing behind.
local child = require "spec.support.child"
local core = require "heygen.core"
local shell = require "spec.support.shell"

describe("core.file", function()
  local directory

  setup(function()
    directory = child.scratch()
    shell.must("mkdir " .. directory)
  end)

  teardown(function()
    shell.must("rm -r " .. directory)
  end)

  local function path(name)
    return directory .. "/" .. name
  end

  local function write(name, content)
    local file = assert(io.open(path(name), "wb"))
    file:write(content)
    file:close()
    return path(name)
  end

  it("tells the size and reads anywhere", function()
    local file = assert(core.file(write("abc", "abc\0def")))
    assert.equal(7, file:size())
    assert.equal("abc\0def", file:read(0, 100))
    assert.equal("c\0", file:read(2, 2))
    assert.equal("", file:read(7, 5))
    assert.equal("", file:read(99, 5))
    assert.is_true(file:check())
    assert.equal("heygen.file (" .. path "abc" .. ")", tostring(file))
    file:close()
    file:close()
    assert.equal("heygen.file (closed)", tostring(file))
    for _, method in ipairs { "size", "read", "digest", "check" } do
      assert.has_error(function()
        file[method](file, 1, 1)
      end, "the file is closed")
    end
  end)

  it("digests in slices what sha256sum digests at once", function()
    for size, slice in pairs { [0] = 1, [1] = 1, [100] = 7, [65536] = 65536, [1000001] = 100000 } do
      local name = write("digest", ("0123456"):rep(200000):sub(1, size))
      local file, calls = assert(core.file(name)), 0
      local hex, done
      repeat
        hex, done = file:digest(slice)
        calls = calls + 1
        assert.equal(math.min(size, calls * slice), done)
      until hex
      assert.equal(shell.must("sha256sum " .. name):match "^%x+", hex)
      assert.equal(math.max(1, math.ceil(size / slice)), calls)
      assert.same({ hex, size }, { file:digest(1) })
      file:close()
    end
  end)

  it("finds out that a file has changed", function()
    local function changed(change)
      local name = write("changing", ("a"):rep(200000))
      shell.must("touch -d '1 hour ago' " .. name)
      local file = assert(core.file(name))
      assert.is_false((file:digest(1000)))
      change(name)
      local hex, message, failure
      repeat
        hex, message, failure = file:digest(65536)
      until hex ~= false
      assert.is_nil(hex)
      assert.same({ kind = "file", sent = "no" }, failure)
      assert.is_nil((file:check()))
      file:close()
      return message
    end
    assert.equal(
      path "changing" .. " became shorter while it was read",
      changed(function()
        write("changing", "a")
      end)
    )
    assert.matches(
      "became longer",
      changed(function()
        write("changing", ("a"):rep(200001))
      end)
    )
    assert.matches(
      "was written to",
      changed(function()
        write("changing", ("b"):rep(200000))
      end)
    )
  end)

  it("opens nothing but regular files, and waits for none", function()
    shell.must(("mkfifo %s; ln -s %s %s"):format(path "fifo", path "nowhere", path "dangling"))
    for name, wanted in pairs {
      [path "missing"] = "cannot read .*missing: No such file",
      [path "dangling"] = "cannot read .*dangling: No such file",
      [directory] = "is not a regular file, but a directory",
      [path "fifo"] = "fifo is not a regular file$",
      ["/dev/zero"] = "/dev/zero is not a regular file$",
      [""] = "cannot read",
      [("x"):rep(300)] = "File name too long",
    } do
      local file, message, failure = core.file(name)
      assert.is_nil(file)
      assert.matches(wanted, message)
      assert.same({ kind = "file", sent = "no" }, failure)
    end
    assert.has_error(function()
      core.file "a\0b"
    end)
  end)

  it("is not written to", function()
    local file = assert(core.file(write("only", "read")))
    assert.has_error(function()
      file:append "more"
    end)
    assert.has_error(function()
      file:digest(0)
    end)
    assert.has_error(function()
      file:read(-1, 5)
    end)
    assert.has_error(function()
      file:read(0, 65537)
    end)
    assert.has_error(function()
      file.size(io.stdout)
    end)
    assert.equal("read", file:read(0, 9))
  end)

  it("spools into a file that has no name", function()
    local output = child.must(
      [[
        local core = require "heygen.core"
        local spool = assert(core.spool "a reader")
        assert(spool:append "abc")
        assert(spool:append "\0def")
        assert(spool:size() == 7 and spool:read(0, 99) == "abc\0def" and spool:check())
        local hex = spool:digest(100)
        assert(hex == core.sha256 "abc\0def", hex)
        assert(not pcall(spool.append, spool, "late"))
        print(tostring(spool))
        local list = io.popen("ls -A $TMPDIR; ls -l /proc/$PPID/fd | grep -c $TMPDIR")
        print((list:read "*a"))
        list:close()
      ]],
      ("mkdir %s; TMPDIR=%s"):format(path "tmp", path "tmp")
    )
    assert.equal("heygen.file (a reader)\n1\n", output)
  end)

  it("says why it cannot spool", function()
    local output = child.must(
      [[
        local core = require "heygen.core"
        print((select(2, core.spool "x")))
      ]],
      "TMPDIR=" .. path "none"
    )
    assert.equal("cannot make a temporary file in " .. path "none" .. ": No such file or directory", output)
    output = child.must(
      [[
        local spool = assert(require "heygen.core".spool "x.mp4")
        local done, message, failure = spool:append(("x"):rep(100000))
        print(done, message, failure.kind)
      ]],
      "ulimit -f 8;"
    )
    assert.equal("nil\tcannot write a temporary file for x.mp4: File too large\tfile", output)
  end)
end)
