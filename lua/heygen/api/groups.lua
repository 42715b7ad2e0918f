-- The groups of a client (client.videos, ...): one class for each, made from its rows in endpoints/ and from what
-- extras.lua adds, when the group is first used.
local block = require "heygen.driver.block"
local errors = require "heygen.errors"
local extras = require "heygen.api.extra_methods"
local file_input = require "heygen.schema.file"
local names = require "heygen.endpoints.names"
local pages = require "heygen.api.pages"
local params = require "heygen.api.arguments"
local request = require "heygen.http.request"

local groups = {}

local select, unpack = select, table.unpack or unpack

-- With a dot, the first argument would be taken for the object. `form` is how the call should look.
function groups.check_colon(self, field, form)
  local found = type(self) == "table" and self[field]
  if not found then
    error("heygen: call it with a colon: " .. form, 3)
  end
  return found
end

local check_colon = groups.check_colon

-- "a (a programmer's mistake) raises; a bad value is an error like any other": see params.check.
local function refuse(row, message, field, mistake, level)
  if mistake then
    error("heygen: " .. message, level + 1)
  end
  return errors.fail {
    kind = "invalid",
    message = row.group .. ":" .. row.name .. ": " .. message,
    param = field,
    sent = "no",
  }
end

local function id_given(row, args, index)
  local given, id = args[index], row.path_params[index]
  if type(given) == "table" then
    given = given[id.name] or (id.also and given[id.also])
  end
  return type(given) == "string" and given or nil
end

-- What the caller named is on the error, whatever the service says.
local function name_ids(row, args, err)
  for index, id in ipairs(row.path_params) do
    err[id.name] = id_given(row, args, index) or err[id.name]
  end
end

local function send(self, row, call, args)
  local value, _, err = request.send(self, row, call)
  local carries = row.carries
  if value == nil then
    name_ids(row, type(args) == "table" and args or { args }, err)
    return nil, tostring(err), err
  elseif carries and (type(value[carries]) ~= "string" or value[carries] == "") then
    -- Whoever goes on with the value needs its id, whatever the service sent.
    value[carries] = id_given(row, type(args) == "table" and args or { args }, 1)
  end
  return value
end

-- Ids that come under an odd name get their own; an item that has its own keeps what it has.
local function put_right(row, value)
  local items = value
  if row.batch then
    items = type(value.items) == "table" and value.items or {}
  end
  for _, item in ipairs(items) do
    for from, to in pairs(row.rename) do
      if type(item) == "table" and item[to] == nil then
        item[to], item[from] = item[from], nil
      end
    end
  end
end

local function send_and_put_right(self, row, call, args)
  local value, message, err = send(self, row, call, args)
  if value and row.rename then
    put_right(row, value)
  end
  return value, message, err
end

-- Fetches one page, for page:next() and each().
local function page_fetcher(self, row, args)
  return function(fields)
    local page_args = {}
    for index = 1, #row.path_params do
      page_args[index] = args[index]
    end
    page_args[#row.path_params + 1] = fields
    local call, message, field, mistake = params.check(row, page_args)
    if not call then
      return refuse(row, message, field, mistake, 2)
    end
    return send_and_put_right(self, row, call, page_args)
  end
end

-- `callback = {url = ..., token_secret = ...}` becomes callback_url and callback_id. Gives the id that was made.
local function expand_callback(row, args, level)
  local index = #row.path_params + 1
  local with_id = row.body.callback_id ~= nil
  local fields, id = require("heygen.webhook.tokens").expand(args[index], with_id)
  if not fields then
    refuse(row, "callback: " .. id, "callback", true, level + 1)
  end
  args[index] = fields
  return id
end

local function takes_callback(row, args)
  local fields = args[#row.path_params + 1]
  return type(fields) == "table" and fields.callback ~= nil and row.body and row.body.callback_url
end

---Calls a row as its method would: raises for a mistake of the program, at `level`.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param level integer as for error
---@param ... any the arguments of the method
---@return any value
---@return string? message
---@return heygen.Error? err
function groups.call(client, row, level, ...)
  local args, count = { ... }, select("#", ...)
  if takes_callback(row, args) then
    local callback_id = expand_callback(row, args, level + 1)
    local value, text, err = groups.call(client, row, level + 1, unpack(args, 1, count))
    local made = value or err
    made.callback_id = made.callback_id or callback_id -- a router may hear of it, also after an unsure create
    return value, text, err
  end
  file_input.noted = false
  local call, message, field, mistake = params.check(row, args, count)
  if not call then
    local _, text, err = refuse(row, message, field, mistake, level + 1)
    return nil, text, err
  end
  if file_input.noted then
    local value, text, err = require("heygen.upload.attachments").send(client, row, call, function(ready)
      return send_and_put_right(client, row, ready, args)
    end)
    return value, text, err
  elseif row.multipart then
    local asset, text, err = require("heygen.upload").create(client, call, level + 1)
    return asset, text, err
  elseif row.method == "DELETE" then
    call.id = id_given(row, args, 1)
  end
  if not (row.list or row.batch or row.rename) then
    return send(client, row, call, args)
  end
  local answer, text, err = send_and_put_right(client, row, call, args)
  if not answer or not (row.list or row.batch) then
    return answer, text, err
  end
  local make = row.batch and pages.of_batch or pages.new
  return make(page_fetcher(client, row, args), args[#row.path_params + 1], answer, client.hide)
end

local call_endpoint = groups.call

local function make_method(row)
  local quick = row.method == "GET" and #row.path_params == 1 and not (row.list or row.batch or row.rename)
  local form = ("client.%s:%s(...)"):format(row.group, row.name)
  return function(self, ...)
    local owner = type(self) == "table" and self.client or check_colon(self, "client", form)
    if quick then -- without packing arguments: polling does nothing else all day
      local id, fields, more = ...
      local call = fields == nil and more == nil and params.quick(row, id)
      if call then
        return send(owner, row, call, id)
      end
    end
    -- No tail call: an error shall point at the line that called.
    return errors.outcome(call_endpoint(owner, row, 2, ...))
  end
end

-- PUC Lua 5.1 cannot yield inside an iterator: there, fetching a page holds up all tasks.
local BLOCKS_IN_ITERATORS = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local function make_each(row)
  local form = ("client.%s:%s(...)"):format(row.group, row.each)
  return function(self, ...)
    local owner = check_colon(self, "client", form)
    local args, count = { ... }, select("#", ...)
    local checked, message, field, mistake = params.check(row, args, count)
    if not checked then
      local _, _, err = refuse(row, message, field, mistake, 2)
      error(err, 0)
    end
    if BLOCKS_IN_ITERATORS then
      owner = setmetatable({ driver = block }, { __index = owner })
    end
    local fields = args[#row.path_params + 1]
    return pages.each(page_fetcher(owner, row, args), fields, owner.hide, row.batch)
  end
end

---The rows of a group by name.
---@param group string
---@return table<string, heygen.Endpoint>
function groups.rows(group)
  local rows = {}
  for _, row in ipairs(require("heygen.endpoints." .. group)) do
    rows[row.name] = row
  end
  return rows
end

local function methods_of(group)
  local methods = {}
  for name, row in pairs(groups.rows(group)) do
    methods[name] = make_method(row)
    if row.each then
      methods[row.each] = make_each(row)
    end
  end
  for _, module in ipairs(extras[group] or {}) do
    for name, method in pairs(require(module).methods(group)) do
      assert(not methods[name], group .. ":" .. name .. " is there already")
      methods[name] = method
    end
  end
  return methods
end

-- A class that makes its methods when one is first asked for: a program uses a few of the groups.
local function make_class(group)
  local class = { __name = "heygen." .. group }
  function class.__index(_, name)
    local methods = methods_of(group)
    class.__index = methods
    return methods[name]
  end
  return class
end

local classes = {}
for _, group in ipairs(names) do
  classes[group] = make_class(group)
end

---Gives a client its groups.
---@param client heygen.Client
function groups.install(client)
  for group, class in pairs(classes) do
    client[group] = setmetatable({ client = client }, class)
  end
end

return groups
