-- How a row of endpoints/ is called: its arguments are checked, the checked call is sent, and what came back is given
-- the ids that it lacks and, where it is a list, its pages.
--
-- It knows neither the groups nor uploads: what else a method does (local files, callbacks) is put around `invoke` in
-- groups.lua, so that uploads, waits and the registration of webhooks can call rows from here.
local arguments = require "heygen.api.arguments"
local checker = require "heygen.schema.options"
local errors = require "heygen.errors"
local ids = require "heygen.api.id"
local pages = require "heygen.api.pages"
local request = require "heygen.http.request"

---The rows of a group by name.
---@param group string
---@return table<string, heygen.Endpoint>
local function rows_of(group)
  local rows = {}
  for _, row in ipairs(require("heygen.endpoints." .. group)) do
    rows[row.name] = row
  end
  return rows
end

-- With a dot, the first argument would be taken for the object. `form` is the right form of the call.
local function check_colon(self, field, form)
  local found = type(self) == "table" and self[field]
  if not found then
    checker.refuse_dot(form, 3)
  end
  return found
end

---The error of arguments that were refused; one that is a mistake of the program raises.
---@return heygen.Error
local function refusal(row, message, field, mistake, level)
  message = ids.call_name(row) .. ": " .. message
  if mistake then
    error(message, level + 1)
  end
  return errors.new {
    kind = "invalid",
    message = message,
    param = field,
    sent = "no",
  }
end

---The id at a place of the arguments, also from an object that carries it.
---@return string?
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

-- Ids that come under an odd name get their own; an item that has its own keeps what it has.
local function rename_ids(row, value)
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

---Sends a checked call.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param call table see arguments.check
---@param args any the arguments that the call was made from, or the one id
---@return any value
---@return heygen.Error? err
local function send(client, row, call, args)
  local value, err = request.send(client, row, call)
  local carries = row.carries
  if value == nil then
    name_ids(row, type(args) == "table" and args or { args }, err)
    return nil, err
  elseif carries and (type(value[carries]) ~= "string" or value[carries] == "") then
    -- The next call needs the id of the value, whatever the service sent.
    value[carries] = id_given(row, type(args) == "table" and args or { args }, 1)
  end
  if row.rename then
    rename_ids(row, value)
  end
  return value
end

---Gives the function that fetches one page, for page:next() and each().
---@param client heygen.Client
---@param row heygen.Endpoint
---@param args table
local function page_fetcher(client, row, args)
  return function(fields)
    local page_args = {}
    for index = 1, #row.path_params do
      page_args[index] = args[index]
    end
    page_args[#row.path_params + 1] = fields
    local call, message, field, mistake = arguments.check(row, page_args)
    if not call then
      return nil, refusal(row, message, field, mistake, 2)
    end
    return send(client, row, call, page_args)
  end
end

---Calls a row: raises for a mistake of the program, at `level`.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param sender function sends the checked call: `send`, or one of groups.lua that does more
---@param level integer as for error
---@param args table the arguments of the method
---@param count integer how many
---@return any value
---@return heygen.Error? err
local function invoke_with(client, row, sender, level, args, count)
  local call, message, field, mistake = arguments.check(row, args, count)
  if not call then
    return nil, refusal(row, message, field, mistake, level + 1)
  end
  if row.method == "DELETE" then
    call.id = id_given(row, args, 1)
  end
  local answer, err = sender(client, row, call, args, level + 1)
  if not answer or not (row.list or row.batch) then
    return answer, err
  end
  local make = row.batch and pages.of_batch or pages.new
  return make(page_fetcher(client, row, args), args[#row.path_params + 1], answer, client.hide)
end

---The same for a row without local files and callbacks, as the module itself calls it.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param level integer
---@param ... any the arguments of the method
---@return any value
---@return heygen.Error? err
local function invoke(client, row, level, ...)
  local value, err = invoke_with(client, row, send, level + 1, { ... }, select("#", ...))
  return value, err -- no tail call: it would be a level less
end

---Calls a row that reads what one id names, as waits do all day.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param id string
---@param options table? of the call, checked
---@return any value
---@return heygen.Error? err
local function get(client, row, id, options)
  local call = arguments.quick(row, id, options)
  if call then
    return send(client, row, call, id)
  end
  return invoke(client, row, 1, id, options)
end

return {
  rows = rows_of,
  check_colon = check_colon,
  refusal = refusal,
  send = send,
  page_fetcher = page_fetcher,
  invoke_with = invoke_with,
  invoke = invoke,
  get = get,
}
