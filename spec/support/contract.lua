-- The API as lines of text, one for each parameter and each field of an answer, so that two tables of it can be
-- compared.
--
--   body.prompt string* ..10000           * required, ~ nullable; bounds (characters, items, values), enum, default
--   body<avatar>.avatar_id string*        of one variant of a body that is a union
--   data[].status string* pending|failed  of an answer
--
-- The published facts are such lines, too: contract.txt, which make_contract.lua writes. That a text or a list is not
-- empty and a number not negative is left out: the facts do not say it, and the client refuses what cannot be meant.
local contract = {}

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function number(value)
  return value and string.format("%.14g", value) or ""
end

local function value_text(value)
  return type(value) == "number" and number(value) or tostring(value)
end

local function concat(values)
  local texts = {}
  for i, value in ipairs(values) do
    texts[i] = value_text(value)
  end
  return table.concat(texts, "|")
end

local function low_text(field)
  local low = field.min
  if field.above then
    return ">" .. number(field.above)
  elseif field.type == "ids" or (field.type == "string" and low == 1) then
    return ""
  end
  return not field.max and (low == 0 or low == 1) and "" or number(low)
end

local function flags(field)
  local text = (field.required and "*" or "") .. (field.nullable and "~" or "")
  local low = low_text(field)
  local high = field.type == "ids" and "" or number(field.max)
  if low ~= "" or high ~= "" then
    text = text .. " " .. low .. ".." .. high
  end
  if field.enum then
    text = text .. " " .. (#field.enum > 20 and "EVENTS" or concat(field.enum))
  end
  text = text .. (field.even and " even" or "")
  local default = field.default
  if default == nil then
    return text
  end
  return text .. " default " .. (type(default) == "table" and concat(default) or value_text(default))
end

local function is_file(field)
  return field.type == "file_input" or (field.type == "union" and field.variants.asset_id ~= nil)
end

local walk

local function walk_fields(fields, path, add)
  for _, name in ipairs(sorted(fields)) do
    walk(fields[name], path .. name, add)
  end
end

function walk(field, path, add)
  if is_file(field) then
    local without = field.base64 == false or (field.variants and not field.variants.base64)
    local kind = without and " file without base64" or " file"
    add(path .. kind .. flags { required = field.required, nullable = field.nullable })
  elseif field.type == "union" then
    add(path .. " union " .. field.by .. flags(field))
    for _, name in ipairs(sorted(field.variants)) do
      add(path .. "<" .. name .. ">")
      walk_fields(field.variants[name].fields, path .. "<" .. name .. ">.", add)
    end
  elseif field.type == "object" then
    add(path .. (field.fields and " object" or " free") .. flags(field))
    walk_fields(field.fields or {}, path .. ".", add)
  elseif field.type == "array" then
    add(path .. " array" .. flags(field))
    walk(field.items, path .. "[]", add)
  else
    add(path .. " " .. (field.type == "ids" and "string" or field.type) .. flags(field))
  end
end

---The lines of what an endpoint takes.
---@param query table? name -> field; a field is as in heygen.endpoints or heygen.sim.contract
---@param body table? name -> field, or a union
---@return string[]
function contract.parameters(query, body)
  local lines = {}
  local function add(line)
    lines[#lines + 1] = line
  end
  walk_fields(query or {}, "query.", add)
  if body and type(body.type) == "string" then
    walk(body, "body", add)
  else
    walk_fields(body or {}, "body.", add)
  end
  return lines
end

---The lines of what an endpoint answers with.
---@param answer table? a field; nil: unknown
---@return string[]
function contract.answer(answer)
  local lines = {}
  local function add(line)
    lines[#lines + 1] = line
  end
  if answer and answer.type == "object" and answer.fields then
    walk_fields(answer.fields, "data.", add)
  elseif answer then
    walk(answer, "data", add)
  end
  return lines
end

local FACTS = "spec/support/contract.txt"

---The published facts.
---@return table<string, table> endpoints "METHOD path" -> { id, status, list, full, lines }
---@return table<string, integer> errors code -> HTTP status
---@return string[] events
---@return string date the day of the newest of them
function contract.facts()
  local endpoints, errors, events, date, last = {}, {}, {}, nil, nil
  for line in io.lines(FACTS) do
    local code, status = line:match "^error (%S+) (%d+)$"
    local event = line:match "^event (%S+)$"
    if code then
      errors[code] = tonumber(status)
    elseif event then
      events[#events + 1] = event
    elseif line:find "^as of " or line:find "^listed " then
      date = line:match "^as of (.*)" or date
    elseif line:find "^  " then
      last.lines[#last.lines + 1] = line:sub(3)
    else
      local id, call, rest = line:match "^(%S+) (%u+ %S+)(.*)$"
      last = {
        id = id,
        status = tonumber(rest:match "%d+") or 200,
        list = rest:find "list" ~= nil,
        full = not rest:find "short",
        unanswered = rest:find "unanswered" ~= nil,
        lines = {},
      }
      endpoints[call] = last
    end
  end
  return endpoints, errors, events, date
end

local function set_of(lines)
  local set = {}
  for _, line in ipairs(lines) do
    set[line] = true
  end
  return set
end

-- What only the facts, only the client's table, and only the simulator's have, as marked lines.
local function add_differences(list, facts, module, simulator)
  local all = {}
  for _, lines in ipairs { facts, module, simulator } do
    for _, line in ipairs(lines) do
      all[line] = true
    end
  end
  facts, module, simulator = set_of(facts), set_of(module), set_of(simulator)
  for _, line in ipairs(sorted(all)) do
    local fact, in_module, in_simulator =
      facts[line] or false, module[line] or false, simulator[line] or false
    if fact ~= in_module or fact ~= in_simulator then
      local who = in_module == in_simulator and "" or fact ~= in_module and "module" or "simulator"
      list[#list + 1] = ("  %s%s %s"):format(fact and "-" or "+", who, line)
    end
  end
end

---Where the client's table of the API and the simulator's differ from the published facts: "-" what is only in the
---facts, "+" what is not in them; in both tables, or in that of the module or of the simulator alone.
---@return string[] lines
function contract.differences()
  local facts, list = contract.facts(), {}
  local simulated = {}
  for _, endpoint in ipairs(require("heygen.sim.contract").ENDPOINTS) do
    simulated[endpoint.method .. " " .. endpoint.path] = endpoint
  end
  local rows = {}
  for _, row in ipairs(require "heygen.endpoints") do
    rows[row.method .. " " .. row.path] = row
  end
  for call in pairs(rows) do
    facts[call] = facts[call] or false
  end
  for _, call in ipairs(sorted(facts)) do
    local fact, row, endpoint = facts[call], rows[call], simulated[call]
    local found = {}
    if fact and row and fact.full then
      local answer = fact.unanswered and {} or contract.answer(endpoint.answer)
      local ours = contract.parameters(row.query, row.body_union or row.body)
      for _, name in ipairs(sorted(row.newer or {})) do
        ours[#ours + 1] = "body." .. name .. " any~" -- its type is not known: it goes through `extra`
      end
      local theirs = contract.parameters(endpoint.query, endpoint.multipart and row.body or endpoint.body)
      for _, line in ipairs(answer) do
        ours[#ours + 1], theirs[#theirs + 1] = line, line
      end
      add_differences(found, fact.lines, ours, theirs)
      if (endpoint.status or 200) ~= fact.status then
        found[#found + 1] = ("  +simulator status %d"):format(endpoint.status or 200)
      end
      if (endpoint.list or false) ~= fact.list then
        found[#found + 1] = endpoint.list and "  +simulator list" or "  -simulator list"
      end
    elseif not (fact and row) then
      found[1] = fact and "  - endpoint" or "  + endpoint"
    end
    if found[1] then
      list[#list + 1] = call
      for _, line in ipairs(found) do
        list[#list + 1] = line
      end
    end
  end
  return list
end

return contract
