-- Writes what lua/heygen/endpoints/ says into the reference and into the types for editors:
--   lua5.4 docs/generate.lua      rewrites docs/api.md (between its two marks) and types/heygen/api.lua
-- spec/docs/types_spec.lua fails when one of them is behind the table.
local root = debug.getinfo(1, "S").source:match "^@(.*)docs[/\\]generate%.lua$"
local is_program = (arg and arg[0] or ""):find "docs[/\\]generate%.lua$" ~= nil -- not when a spec loads this file
if is_program then
  package.path = root .. "lua/?.lua;" .. root .. "lua/?/init.lua;" .. package.path
end

local function part(name, ...)
  return assert(loadfile(root .. "docs/generate/" .. name .. ".lua"))(...)
end

local model = part "model"
local samples = part("samples", model)
local types = part("types", model)
local extras = part("extras", model, samples)
local reference = part("reference", model, samples, extras, part("objects", model))

local generate = { types = types.text, example = samples.call }

local BEGIN = "<!-- from lua/heygen/endpoints/init.lua, by docs/generate.lua -->\n"
local END = "<!-- the end of what is generated -->\n"

---@param path string
---@return string
function generate.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The files that have types: those in types/heygen/, and the modules that extras.lua names.
local function annotated()
  local files, known = {}, {}
  local list = assert(io.popen("ls " .. root .. "types/heygen/*.lua"))
  for path in list:lines() do
    files[#files + 1] = path
  end
  list:close()
  for _, modules in pairs(require "heygen.api.extra_methods") do
    for _, name in ipairs(modules) do
      known[name] = true
    end
  end
  for name in pairs(known) do
    local path = root .. "lua/" .. name:gsub("%.", "/")
    local file = io.open(path .. ".lua")
    files[#files + 1] = path .. (file and ".lua" or "/init.lua")
    if file then
      file:close()
    end
  end
  table.sort(files)
  return files
end

---The methods of groups that are no rows: group -> list of { name, ... }.
---@return table<string, table[]>
function generate.extras()
  return extras.read(annotated(), generate.read)
end

---docs/api.md with its generated part renewed.
---@param text string the present text
---@return string
function generate.renew(text)
  local _, head = text:find(BEGIN, 1, true)
  local tail = text:find(END, 1, true)
  assert(head and tail, "docs/api.md has lost its marks")
  local facts = generate.read(root .. "spec/support/contract.txt")
  local middle = reference.text(annotated(), generate.read, facts)
  return text:sub(1, head) .. "\n" .. middle .. "\n" .. text:sub(tail)
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

if is_program then
  write(root .. "types/heygen/api.lua", generate.types())
  local path = root .. "docs/api.md"
  write(path, generate.renew(generate.read(path)))
end

return generate
