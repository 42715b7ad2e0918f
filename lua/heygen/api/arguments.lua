-- Checks the arguments of a call against its row in endpoints/ and makes the target and body of the request.
-- Runs before every request, so a row is prepared once and nothing is built for messages until something is wrong.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local ids = require "heygen.api.id"
local object = require "heygen.schema.object"
local suggest = require "heygen.schema.suggest"
local types = require "heygen.schema.types"
local values = require "heygen.schema.value"

local arguments = {}

local null = core.null
local format, gmatch = string.format, string.gmatch
local is_plain = core.is_plain
local check_value, step = types.check, values.step
local put_inside = require("heygen.schema.file").put_inside

local NO_FIELDS = {}

-- Shared by all calls without options: a write would reach every one of them.
local NO_OPTIONS = setmetatable({}, {
  __newindex = function()
    error("the options of a call are read-only", 2)
  end,
})

local shared = checker.shared

-- What a call takes in addition to the fields of the API, in the same table.
local OPTIONS = {
  { name = "timeout", spec = shared.timeout },
  { name = "deadline", spec = shared.deadline },
  { name = "max_retries", spec = shared.max_retries },
  { name = "idempotency_key", spec = shared.idempotency_key, method = "POST" },
  { name = "files_as", spec = { type = "string", enum = { "assets", "base64" } }, files = true },
  { name = "on_upload", spec = { type = "function" }, files = true },
}

arguments.options = OPTIONS

local function refuse(field, problem, mistake)
  return nil, field .. ": " .. problem, field, mistake or false
end

local function by_name(left, right)
  return left.name < right.name
end

local function field_list(specs)
  local list = {}
  for name, spec in pairs(specs) do
    list[#list + 1] = { name = name, spec = spec }
  end
  table.sort(list, by_name)
  return list
end

local plans = setmetatable({}, { __mode = "k" })

local function prepare(row)
  local plan = { options = {}, known = {} }
  plan.body, plan.query = field_list(row.body or NO_FIELDS), field_list(row.query)
  -- "/a/{b}/c": the text before the first id, and the text after each
  plan.head, plan.ids = row.path:match "^[^{]*", #row.path_params
  for tail in gmatch(row.path, "}([^{]*)") do
    plan[#plan + 1] = tail
  end
  plan.plain = row.body == nil and not row.any_of
  for _, list in ipairs { plan.body, plan.query } do
    for _, field in ipairs(list) do
      plan.known[field.name] = true
      plan.plain = plan.plain and not field.spec.required
      if field.spec.required and not plan.example then
        plan.example = field.name
      end
    end
  end
  local files = row.takes_files
  for _, option in ipairs(OPTIONS) do
    if (not option.method or option.method == row.method) and (files or not option.files) then
      plan.known[option.name] = true
      plan.options[#plan.options + 1] = option
    end
  end
  if row.body then
    plan.known.extra = true
  end
  plan.example = plan.example
    or (row.any_of or row.shown or NO_FIELDS)[1]
    or (row.body_union and row.body_union.by)
  plans[row] = plan
  return plan
end

local call_name, signature = ids.call_name, ids.signature

local function refuse_call(problem)
  return nil, problem, nil, true
end

local function copy(given)
  local all = {}
  for name, value in pairs(given) do
    all[name] = value
  end
  return all
end

local function has_unknown(given, known)
  for name in pairs(given) do
    if not known[name] then
      return true
    end
  end
  return false
end

-- Returns the field and its problem.
local function unknown_field(row, plan, given)
  local stray = values.unknown_key(given, plan.known)
  if type(stray) ~= "string" then
    local example = plan.example or (plan.query[1] and plan.query[1].name) or "timeout"
    return step(stray), format("fields are named, write {%s = ...}", example)
  end
  local name = step(stray):sub(2)
  if row.newer and row.newer[stray] then
    return name, format("this version does not check it yet, pass it as extra = {%s = ...}", name)
  elseif row.retired and row.retired[stray] then
    return name, "the service no longer takes this field, leave it out"
  elseif stray == "extra" then
    return name, call_name(row) .. " sends no body, so it takes no extra fields"
  elseif stray == "idempotency_key" then
    return name, call_name(row) .. " can be repeated without one, only POST requests take it"
  end
  local problem = "unknown field" .. suggest.hint(stray, values.sorted_keys(plan.known))
  if row.body then
    problem = problem .. " (fields that this version does not know go into extra = {...})"
  end
  return name, problem
end

local function read_options(plan, given)
  local options = NO_OPTIONS
  for index = 1, #plan.options do
    local option = plan.options[index]
    local value = given[option.name]
    if value ~= nil then
      local problem = checker.problem(option.spec, value)
      if problem then
        return refuse(option.name, problem, true)
      end
      if options == NO_OPTIONS then
        options = {}
      end
      options[option.name] = value
    end
  end
  return options
end

local function missing(field)
  return refuse(field.name, object.missing(field.spec), true)
end

local ANY = { type = "any", nullable = true }

local function merge_extra(row, body, extra)
  if type(extra) ~= "table" then
    return refuse("extra", values.expected("a table of fields", extra), true)
  end
  for name, value in pairs(extra) do
    if type(name) ~= "string" or name == "" then
      return refuse("extra" .. step(name), "fields are named, write extra = {name = ...}", true)
    end
    local field = "extra" .. step(name)
    local problem = values.utf8_problem(name)
    if problem then
      return refuse(field, "a name with " .. problem)
    end
    if not row.body[name] then
      local checked, value_problem, where, mistake = check_value(ANY, value)
      if value_problem then
        return refuse(field .. (where or ""), value_problem, mistake)
      end
      body[name] = checked
    end
  end
  return body
end

-- A known field in `extra` is taken as if it stood next to it: programs that were written before this version knew the
-- field keep working. Returns the fields with those of `extra` among them.
local function with_known(row, given)
  local all
  for name, value in pairs(type(given.extra) == "table" and given.extra or NO_FIELDS) do
    if row.body[name] then
      if given[name] ~= nil then
        return refuse(
          "extra" .. step(name),
          format("is a known field, give it as %s = ... next to extra", name),
          true
        )
      end
      all = all or copy(given)
      all[name] = value
    end
  end
  return all or given
end

-- A body that as a whole is one of several forms.
local function read_union(row, plan, given, files)
  local whole = {}
  for index = 1, #plan.body do
    local name = plan.body[index].name
    whole[name] = given[name]
  end
  local body, problem, where, mistake = check_value(row.body_union, whole, files)
  if not body then
    return refuse(where:sub(2), problem, mistake)
  end
  for index = 1, files and #files or 0 do
    files[index].where = files[index].where:sub(2)
  end
  if given.extra ~= nil then
    return merge_extra(row, body, given.extra)
  end
  return body
end

local function read_body(row, plan, given, files)
  if given.extra ~= nil then
    local all, message, field, mistake = with_known(row, given)
    if not all then
      return nil, message, field, mistake
    end
    given = all
  end
  if row.body_union then
    return read_union(row, plan, given, files)
  end
  local body = {}
  for index = 1, #plan.body do
    local field = plan.body[index]
    local name, spec = field.name, field.spec
    local value = given[name]
    if value ~= nil then
      local before = files and #files
      local checked, problem, where, mistake = check_value(spec, value, files)
      if problem then
        return refuse(name .. (where or ""), problem, mistake)
      elseif files and #files > before then
        put_inside(files, before, name)
      end
      local other = spec.requires
      if other and value ~= null and (given[other] == nil or given[other] == null) then
        return refuse(name, "is only valid together with " .. other, true)
      end
      body[name] = checked
    elseif spec.required then
      return missing(field)
    end
  end
  if given.extra ~= nil then
    return merge_extra(row, body, given.extra)
  end
  return body
end

-- Rules over several query fields. Returns problem, mistake.
local function any_of_problem(row, given)
  local count = 0
  for _, name in ipairs(row.any_of) do
    count = count + (given[name] and #given[name] or 0)
  end
  if count == 0 then
    return "missing, give " .. table.concat(row.any_of, " or ") .. " (or both)", true
  elseif row.max_ids and count > row.max_ids then
    return format("%d ids in all, at most %d are allowed in one call", count, row.max_ids)
  end
  return nil
end

local function read_query(row, plan, given, target)
  local mark = "?"
  for index = 1, #plan.query do
    local field = plan.query[index]
    local name, spec = field.name, field.spec
    local value = given[name]
    if value ~= nil then
      local checked, problem, where, mistake = check_value(spec, value)
      if problem then
        return refuse(name .. (where or ""), problem, mistake)
      end
      target = target .. mark .. name .. "=" .. values.query_text(spec, checked)
      mark = "&"
    elseif spec.required then
      return missing(field)
    end
  end
  if row.any_of then
    local problem, mistake = any_of_problem(row, given)
    if problem then
      return refuse(row.any_of[1], problem, mistake)
    end
  end
  return target
end

-- The problem, if not all local files may go into the request. Returns message, field, mistake.
local function inline_problem(options, files)
  for index = 1, options.files_as == "base64" and files and #files or 0 do
    if files[index].limits.base64 == false then
      local problem = files[index].where
        .. " cannot be sent as base64; leave files_as out, the file is uploaded then"
      return select(2, refuse("files_as", problem, true))
    end
  end
end

local function read_fields(row, plan, target, given)
  if has_unknown(given, plan.known) then
    local name, stray = unknown_field(row, plan, given)
    return refuse(name, stray, true)
  end
  local body
  local files = row.takes_files and {} or nil
  local options, message, field, mistake = read_options(plan, given)
  if options then
    target, message, field, mistake = read_query(row, plan, given, target)
  end
  if not message and row.body then
    body, message, field, mistake = read_body(row, plan, given, files)
  end
  if not message then
    message, field, mistake = inline_problem(options, files)
  end
  if message then
    return nil, message, field, mistake
  end
  return { target = target, body = body, options = options, files = files and files[1] and files or nil }
end

---The call for one id and nothing else, when checking the id is enough, as in polling.
---@param row heygen.Endpoint with one id, no body and nothing else required
---@param id any
---@param options table? of the call, checked
---@return table? call nil: arguments.check decides
function arguments.quick(row, id, options)
  if type(id) ~= "string" or not is_plain(id) then
    return nil
  end
  local plan = plans[row] or prepare(row)
  return { target = plan.head .. id .. plan[1], options = options or NO_OPTIONS }
end

---Checks the arguments of a call. The caller's tables are never changed.
---@param row heygen.Endpoint
---@param args table positional arguments: the path's ids in order, then one table of fields and options, or nil
---@param count integer? how many arguments were given, nil ones included; #args when absent
---@return table? call target (path and query), body (a table for core.encode, nil when none is sent), options, and
---files: the local files in the body, as types.lua says, nil when there are none
---@return string? message "field: what is wrong and what to do"
---@return string? param the field, nil when the arguments as a whole are wrong
---@return boolean? mistake true: an error of the program (wrong type, unknown field); false: a bad value
function arguments.check(row, args, count)
  local plan = plans[row] or prepare(row)
  local target, wanted = plan.head, plan.ids
  if (count or #args) > wanted + 1 then
    return refuse_call(format("%d arguments given, %s is the longest form", count or #args, signature(row)))
  end
  local given = args[wanted + 1]
  for index = 1, wanted do
    local id = args[index]
    if type(id) ~= "string" or not is_plain(id) then
      local problem, mistake
      id, problem, mistake = ids.read(row, index, id, index == wanted and given == nil and plan.known)
      if problem then
        return refuse(row.path_params[index].name, problem, mistake)
      end
    end
    target = target .. id .. plan[index]
  end
  if given == nil then
    if plan.plain then
      return { target = target, options = NO_OPTIONS }
    end
    given = NO_FIELDS
  elseif type(given) ~= "table" then
    local hint = plan.example and format(", write {%s = ...}", plan.example) or ""
    return refuse_call(values.expected("a table", given) .. hint)
  end
  return read_fields(row, plan, target, given)
end

return arguments
