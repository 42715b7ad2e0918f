-- The digests behind webhooks, in C: against RFC 4231, the command line of OpenSSL, and a header full of anything.

local core = require "heygen.core"

local function bytes(count, byte)
  return string.char(byte):rep(count)
end

local function counting(first, last)
  local list = {}
  for byte = first, last do
    list[#list + 1] = string.char(byte)
  end
  return table.concat(list)
end

-- RFC 4231, section 4: key, data, HMAC-SHA-256.
local RFC_4231 = {
  { bytes(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
  {
    "Jefe",
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  { bytes(20, 0xaa), bytes(50, 0xdd), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
  { counting(1, 25), bytes(50, 0xcd), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
  { bytes(20, 0x0c), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b" },
  {
    bytes(131, 0xaa),
    "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  },
  {
    bytes(131, 0xaa),
    "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
      .. "hashed before being used by the HMAC algorithm.",
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  },
}

describe("HMAC-SHA256", function()
  for number, case in ipairs(RFC_4231) do
    it("is that of RFC 4231, test case " .. number, function()
      local key, data, digest = case[1], case[2], case[3]
      assert.equal(digest, core.hmac_sha256(key, data):sub(1, #digest))
    end)
  end

  it("takes keys around the size of a block, and none", function()
    -- A key of 64 bytes stands for itself, one of 65 for its digest.
    local function unhex(text)
      return (text:gsub("%x%x", function(digits)
        return string.char(tonumber(digits, 16))
      end))
    end
    local long = bytes(65, 0x41)
    assert.equal(core.hmac_sha256(unhex(core.sha256(long)), "x"), core.hmac_sha256(long, "x"))
    assert.not_equal(core.hmac_sha256(bytes(63, 0x41), "x"), core.hmac_sha256(bytes(64, 0x41), "x"))
    assert.equal(core.hmac_sha256("", "x"), core.hmac_sha256("\0", "x"))
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", core.hmac_sha256("", ""))
  end)
end)

describe("core.signed", function()
  local KEY, DATA = "whsec_k", "data"

  local function found(header)
    return core.signed(KEY, DATA, header)
  end

  it("finds the signature where a header of its kind has it", function()
    local hex = core.hmac_sha256(KEY, DATA)
    assert.matches("^%x+$", hex)
    assert.equal(64, #hex)
    for _, header in ipairs {
      hex,
      " " .. hex .. "\t",
      "x," .. hex,
      hex .. ",x",
      ",,," .. hex,
      "a, " .. hex .. " ,b",
    } do
      assert.is_true(found(header), header)
    end
  end)

  it("takes no other spelling", function()
    local hex = core.hmac_sha256(KEY, DATA)
    for _, header in ipairs {
      "",
      " ",
      ",",
      hex:upper(),
      "sha256=" .. hex,
      "0x" .. hex,
      hex:sub(1, 63),
      hex .. "0",
      hex .. " x",
      hex .. ";" .. hex,
      hex .. "\0",
      '"' .. hex .. '"',
    } do
      assert.is_false(found(header), header)
    end
  end)

  it("finds each single wrong digit", function()
    local hex = core.hmac_sha256(KEY, DATA)
    for at = 1, #hex do
      local other = hex:sub(at, at) == "0" and "1" or "0"
      assert.is_false(found(hex:sub(1, at - 1) .. other .. hex:sub(at + 1)))
    end
  end)

  it("reads 64 items and no more", function()
    local hex = core.hmac_sha256(KEY, DATA)
    assert.is_true(found(("x,"):rep(63) .. hex))
    assert.is_false(found(("x,"):rep(64) .. hex))
    assert.is_false(found((("0"):rep(64) .. ","):rep(10000) .. hex))
  end)
end)
