-- The library runs unchanged on Lua 5.1, 5.3, 5.4 and LuaJIT: only what all of them have is a known
-- global. What one of them lacks is named here and must be used as "unpack or table.unpack".
std = "min"
max_line_length = 120
exclude_files = { "build" }

read_globals = {
  "jit",
  "setfenv",
  "unpack",
  "utf8",
  math = { fields = { "tointeger", "type" } },
  package = { fields = { "searchpath" } },
  table = { fields = { "pack", "unpack" } },
}

files["spec"] = { std = "min+busted" }

-- LÖVE's one global; its callbacks are fields of it.
for _, directory in ipairs { "bench/frames", "examples/love", "spec/support/hosts/love", "spec/support/love" } do
  files[directory] = { globals = { "love" } }
end
