-- heygen.core without its engine: text, digests, random numbers, clocks, and what loading it costs.
local child = require "spec.support.child"
local core = require "heygen.core"
local shell = require "spec.support.shell"

describe("core", function()
  it("has a version and a null", function()
    assert.matches("^%d+%.%d+%.%d+$", core._VERSION)
    assert.equal("userdata", type(core.null))
    assert.equal(require("cjson").null, core.null)
  end)

  it("measures time on a clock that never runs backwards", function()
    local last = core.now()
    for _ = 1, 1000 do
      local now = core.now()
      assert(now >= last)
      last = now
    end
    local before, wall, after = os.time(), core.time(), os.time()
    assert(wall >= before - 1 and wall <= after + 1, "the wall clock is another one than os.time's")
  end)

  it("counts code points", function()
    assert.equal(0, core.utf8_length "")
    assert.equal(3, core.utf8_length "abc")
    assert.equal(3, core.utf8_length "é€😀")
    assert.equal(2, core.utf8_length "\0\127")
    assert.equal(10000, core.utf8_length(("é"):rep(10000)))
    assert.same({ nil, 4 }, { core.utf8_length "abc\255" })
    assert.same({ nil, 1 }, { core.utf8_length "\128abc" })
    assert.same({ nil, 3 }, { core.utf8_length "é\226\130" })
    assert.has_error(function()
      core.utf8_length {}
    end)
  end)

  it("leaves only unreserved characters when it percent-encodes", function()
    local plain = "ABCXYZabcxyz0189-._~"
    assert.equal(plain, core.escape(plain))
    assert.equal("", core.escape "")
    assert.equal("a%20b%2Fc%3Fd%3De%26f%2B%25", core.escape "a b/c?d=e&f+%")
    assert.equal("%00%0D%0A%7F%FF", core.escape "\0\r\n\127\255")
    assert.equal("%C3%A9", core.escape "é")
    assert.equal(300000, #core.escape(("/"):rep(100000)))
    for byte = 0, 255 do
      local escaped = core.escape(string.char(byte))
      assert.equal(
        string.char(byte):find "^[%w%-._~]$" and string.char(byte) or ("%%%02X"):format(byte),
        escaped
      )
    end
  end)

  it("computes SHA-256", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.sha256 "")
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.sha256 "abc")
    assert.equal(
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      core.sha256(("a"):rep(1000000))
    )
    assert.not_equal(core.sha256 "a", core.sha256 "a\0")
  end)

  it("computes HMAC-SHA256 as RFC 4231 does", function()
    assert.equal(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      core.hmac_sha256(("\11"):rep(20), "Hi There")
    )
    assert.equal(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      core.hmac_sha256("Jefe", "what do ya want for nothing?")
    )
    assert.equal(
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      core.hmac_sha256(("\170"):rep(20), ("\221"):rep(50))
    )
    assert.equal(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      core.hmac_sha256(("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First")
    )
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", core.hmac_sha256("", ""))
  end)

  it("compares secrets", function()
    assert.is_true(core.equal("", ""))
    assert.is_true(core.equal("a\0b", "a\0b"))
    assert.is_false(core.equal("a\0b", "a\0c"))
    assert.is_false(core.equal("a", "ab"))
    assert.is_false(core.equal("ab", ""))
    assert.has_error(function()
      core.equal("a")
    end)
  end)

  it("gives random bytes", function()
    assert.equal("", core.random(0))
    assert.equal(256, #core.random(256))
    assert.not_equal(core.random(16), core.random(16))
    local seen, kinds = {}, 0
    for n = 1, 20 do
      for byte in core.random(200):gmatch "." do
        if not seen[byte] then
          seen[byte] = n
          kinds = kinds + 1
        end
      end
    end
    assert(kinds > 200, "4,000 random bytes should be of nearly 256 kinds")
    for _, bad in ipairs { -1, 257, 1e9 } do
      assert.has_error(function()
        core.random(bad)
      end)
    end
  end)

  it("makes UUIDs of version 4, each once", function()
    local seen = {}
    for _ = 1, 2000 do
      local uuid = core.uuid()
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", uuid)
      assert.equal(uuid:lower(), uuid)
      assert.is_nil(seen[uuid])
      seen[uuid] = true
    end
  end)

  it("opens no descriptor and starts no thread when it is loaded", function()
    local output = child.must [[
      local process = require "spec.support.process"
      local fds, threads = process.descriptors(), process.threads()
      local core = require "heygen.core"
      core.encode { 1 }
      core.decode "[1]"
      print(process.descriptors() - fds, process.threads() - threads)
      local engine = core.engine()
      assert(process.descriptors() > fds, "an engine has a descriptor")
      engine:close()
      print(process.descriptors() - fds)
    ]]
    assert.equal("0\t0\n0", output)
  end)

  it("says what is missing when lua-cjson is", function()
    local output = child.must [[
      package.preload.cjson = function() error "not installed" end
      local core = require "heygen.core"
      assert(core.encode { a = 1 } == '{"a":1}')
      print(pcall(core.decode, "[NaN]")) -- what is not odd is read without it
    ]]
    assert.matches("^false\t.*not installed", output)
  end)

  it("exports nothing but its opener #once", function()
    local path = assert(package.searchpath("heygen.core", package.cpath))
    local names =
      shell.must("nm -D --defined-only " .. shell.quote(path) .. " | grep -v __ubsan | sed 's/.* //'")
    assert.equal("luaopen_heygen_core", names)
  end)
end)
