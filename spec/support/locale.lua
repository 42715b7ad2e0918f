-- A locale "comma" whose decimal point is a comma, written byte by byte: few test machines have one installed.
-- It is glibc's file format: a magic number, the number of fields, their offsets, the fields.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

local locale = {}

local MAGIC = 0x20031114 -- of LC_NUMERIC

local function u32(n)
  return string.char(
    n % 256,
    math.floor(n / 256) % 256,
    math.floor(n / 65536) % 256,
    math.floor(n / 16777216)
  )
end

local function numeric()
  -- decimal point, thousands separator, grouping, the first two as wide characters, character set
  local fields = { ",\0", "\0", "\127\0", u32(44), u32(0), "UTF-8\0" }
  local content, offsets = "", {}
  local head = 8 + 4 * #fields
  for n, field in ipairs(fields) do
    content = content .. ("\0"):rep(-#content % 4)
    offsets[n] = u32(head + #content)
    content = content .. field
  end
  return u32(MAGIC) .. u32(#fields) .. table.concat(offsets) .. content
end

--- Makes a directory for LOCPATH.
---@return string path
function locale.make()
  local path = child.scratch()
  shell.must("mkdir -p " .. path .. "/comma")
  local file = assert(io.open(path .. "/comma/LC_NUMERIC", "wb"))
  file:write(numeric())
  file:close()
  return path
end

function locale.remove(path)
  shell.must("rm -r " .. path)
end

return locale
