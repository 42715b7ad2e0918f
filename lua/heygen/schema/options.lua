-- The one checker for tables of options: of heygen.new, calls, waits, transfers, webhooks, displays, the simulator.
--
-- A table of options is described by specs, name -> heygen.OptionSpec. `read` gives a checked copy with the defaults
-- filled in, or raises at the caller's line; `check` returns the problem. Each message has this form: the call as the
-- user writes it, the option, what was expected, and what came.
--
--   heygen.new: timeout: expected seconds > 0, got "5"
--   client:generate: wait.intervall: unknown option, did you mean "interval"?
--
-- Seconds and numbers are never NaN. A bound (`timeout`, `deadline`, `grace`) may be math.huge, which means none; what
-- is slept or counted (`interval`, `retry_base`) is `finite`. An integer is always finite.
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"

local options = {}

local huge = math.huge

---@class heygen.OptionSpec
---@field type string? "seconds", "number", "integer", "string", "boolean", "table", "function" (or an object that can
---be called); nil: what `is` and `problem` say
---@field above number? the value is greater than this
---@field min number?
---@field max number?
---@field finite boolean? no infinity
---@field enum string[]? the allowed strings
---@field is (fun(value: any): any)? is the value what `expected` says?
---@field expected string? what is expected, where `type` does not say it
---@field problem (fun(value: any): string?, string?)? the problem, and where it is inside the value
---@field secret boolean? the value is never shown
---@field required string? what to write, when it must be given
---@field default any

---Whether this is a function, or an object that can be called like one.
---@param value any
---@return boolean
function options.is_callable(value)
  if type(value) == "function" then
    return true
  end
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and type(meta.__call) == "function"
end

local is_callable = options.is_callable

local function index(value, name)
  return value[name]
end

---Makes the rule `is` for an object, a table or userdata from outside, that has these methods.
---@param ... string
---@return fun(value: any): boolean
function options.has(...)
  local methods = { ... }
  return function(value)
    for _, name in ipairs(methods) do
      local ok, found = pcall(index, value, name)
      if not ok or not is_callable(found) then
        return false
      end
    end
    return true
  end
end

local NOUNS = {
  seconds = "seconds",
  number = "a number",
  integer = "an integer",
  string = "a string",
  boolean = "a boolean",
  table = "a table",
  ["function"] = "a function",
}

local function in_range(spec, value)
  if type(value) ~= "number" or value ~= value then
    return false
  elseif spec.finite and (value == huge or value == -huge) then
    return false
  end
  return not (
    (spec.above and value <= spec.above)
    or (spec.min and value < spec.min)
    or (spec.max and value > spec.max)
  )
end

local FITS = {
  seconds = in_range,
  number = in_range,
  integer = function(spec, value)
    return in_range(spec, value) and value % 1 == 0 -- not so for an infinity
  end,
  ["function"] = function(_, value)
    return is_callable(value)
  end,
}

local function noun(spec)
  return spec.expected or (spec.finite and "finite " or "") .. NOUNS[spec.type] .. values.range(spec)
end

local function expected(spec, what, value)
  return "expected " .. what .. ", got " .. (spec.secret and type(value) or values.given(value))
end

---What is wrong with the value of one option.
---@param spec heygen.OptionSpec
---@param value any not nil
---@return string? problem
---@return string? where the place inside of the value
function options.problem(spec, value)
  local kind = spec.type
  if kind then
    local fits = FITS[kind]
    if fits and not fits(spec, value) or not fits and type(value) ~= kind then
      return expected(spec, noun(spec), value)
    end
  end
  if spec.enum then
    local problem = values.one_of(value, spec.enum)
    if problem then
      return problem
    end
  end
  if spec.is and not spec.is(value) then
    return expected(spec, spec.expected, value)
  elseif spec.problem then
    return spec.problem(value)
  end
end

local problem_of = options.problem

local function path(within, name)
  local step = values.step(name)
  return within and within .. step or (step:gsub("^%.", ""))
end

---Checks a table of options.
---@param given any nil: no options
---@param known table<string, heygen.OptionSpec>
---@param within string? the name of the table, where it is an option itself: "wait"
---@return table? read a copy with the defaults; never the caller's own table
---@return string? problem with the name of the option in front
---@return string? name of the option
function options.check(given, known, within)
  local read = {}
  if given ~= nil and type(given) ~= "table" then
    -- Only its type: a key that stands where the table belongs is not shown.
    local problem = "expected a table of options, got " .. values.kind_of(given)
    return nil, within and within .. ": " .. problem or problem, within
  end
  local wrong, message -- of several the least, so that it does not depend on the order of a table
  for name, value in pairs(given or read) do
    local spec = known[name]
    local problem, where
    if not spec then
      problem = "unknown option" .. suggest.hint(name, values.sorted_keys(known))
    else
      problem, where = problem_of(spec, value)
    end
    if not problem then
      read[name] = value
    elseif not wrong or tostring(name) < tostring(wrong) then
      wrong, message = name, path(within, name) .. (where or "") .. ": " .. problem
    end
  end
  if message then
    return nil, message, path(within, wrong)
  end
  local missing
  for name, spec in pairs(known) do
    if read[name] == nil then
      missing = spec.required and (not missing or name < missing) and name or missing
      read[name] = spec.default
    end
  end
  if missing then
    return nil, path(within, missing) .. ": missing, " .. known[missing].required, path(within, missing)
  end
  return read
end

---The same; raises for what is wrong.
---@param call string the call as the user writes it, for messages
---@param given any
---@param known table<string, heygen.OptionSpec>
---@param level integer of the caller to blame, as for error
---@param within string?
---@return table read
function options.read(call, given, known, level, within)
  local read, problem = options.check(given, known, within)
  if not read then
    error(call .. ": " .. problem, level + 1)
  end
  return read
end

---Raises for a method that was called with a dot, so that its object is missing.
---@param form string how to call it: "router:serve()"
---@param level integer of the caller to blame, as for error
function options.refuse_dot(form, level)
  error(("%s: call it with a colon: %s"):format(form:match "^[%w_.:]+", form), level + 1)
end

---The names of options, sorted.
---@param known table<string, heygen.OptionSpec>
---@return string[]
function options.names(known)
  return values.sorted_keys(known)
end

-- ---- options that several calls have ----

local function key_problem(value)
  if #value > 255 or not value:find "^[A-Za-z0-9_:.-]+$" then
    return "expected 1 to 255 letters, digits or _ - : ., got " .. values.given(value)
  end
end

-- heygen.progress itself, the () forgotten: it would raise at the first event, after the create was paid.
local function maker_problem(value)
  local heygen = package.loaded.heygen
  if type(heygen) == "table" and value == heygen.progress then
    return "heygen.progress makes a display: write heygen.progress()"
  end
end

---The spec of a router of webhooks.
---@param method string that is needed of it
---@param required string? see OptionSpec
---@return heygen.OptionSpec
function options.router(method, required)
  local made = "a router made by heygen.webhook.router{...}"
  return { expected = made, is = options.has(method), required = required }
end

options.shared = {
  on_progress = { type = "function", problem = maker_problem },
  timeout = { type = "seconds", above = 0 },
  deadline = { type = "seconds", above = 0 },
  max_retries = { type = "integer", min = 0 },
  idempotency_key = { type = "string", problem = key_problem },
}

return options
