-- The fault language: which request gets what. A rule is a match and an effect; the first rule that fires wins.
local odd = require "heygen.sim.core.odd_json"
local text = require "heygen.sim.core.text"

local faults = {}
faults.__index = faults

local function is_count(value)
  return type(value) == "number" and value >= 1 and value == math.floor(value)
end

local function is_list_of(value, check)
  if type(value) ~= "table" or value[1] == nil then
    return false
  end
  for _, each in ipairs(value) do
    if not check(each) then
      return false
    end
  end
  return true
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0 and value <= 1e6
end

local function is_size(value)
  return type(value) == "number" and value >= 0 and value <= 1e9 and value == math.floor(value)
end

local function is_true(value)
  return type(value) == "boolean"
end

local function is_headers(value)
  if type(value) ~= "table" then
    return false
  end
  for name, each in pairs(value) do
    local plain = type(each) == "string" or type(each) == "number" or each == false
    if type(name) ~= "string" or not (plain or is_list_of(each, is_text)) then
      return false
    end
  end
  return true
end

local function one_of(...)
  local allowed = {}
  for _, value in ipairs { ... } do
    allowed[value] = true
  end
  return function(value)
    return allowed[value] == true
  end
end

local MATCH = {
  method = function(value)
    return is_text(value) or is_list_of(value, is_text)
  end,
  path = is_text,
  nth = function(value)
    return is_count(value) or is_list_of(value, is_count)
  end,
  times = is_count,
  chance = function(value)
    return type(value) == "number" and value >= 0 and value <= 1
  end,
  connection_reused = is_true,
  header = is_headers,
}

local EFFECT = {
  status = function(value)
    return is_count(value) and value >= 100 and value <= 999
  end,
  headers = is_headers,
  body = function(value)
    return type(value) == "string"
  end,
  code = is_text,
  message = is_text,
  param = is_text,
  html = is_true,
  act = is_true,
  delay = is_seconds,
  drip = function(value)
    return type(value) == "table" and is_count(value.bytes) and is_seconds(value.every)
  end,
  stall = one_of(true, false, "headers", "body"),
  close = one_of("before", "headers", "body"),
  reset = is_true,
  truncate = is_size,
  garbage = is_true,
  header_bytes = is_size,
  gzip = one_of("ok", "bad", "bomb"),
  redirect = is_text,
  clock = function(value)
    return type(value) == "number" and math.abs(value) <= 1e9
  end,
  tls = one_of("wrong_name", "expired", "untrusted", "close"),
  stream_reset = is_true,
  odd_json = one_of((unpack or table.unpack)(odd.names())),
  range = one_of("ignored", "status_200"),
  retry_after = function(value)
    local as = type(value) == "table" and (value.as or "seconds")
    return as and is_seconds(value.seconds) and (as == "seconds" or as == "unix" or as == "date")
  end,
  content_length = is_size,
  chunked = one_of("ok", "bad"),
}

-- Effects that stand in the place of the service's answer, or cut it off: the service then never sees the request.
local REPLACES =
  { "status", "body", "html", "stall", "close", "reset", "garbage", "redirect", "stream_reset" }

-- What a handshake can be chosen by: there is no request yet.
local BEFORE_REQUEST = { nth = true, times = true, chance = true }

local function names_of(...)
  local names = {}
  for _, set in ipairs { ... } do
    for name in pairs(set) do
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

--- What a rule can be made of.
---@return table which names of what chooses the requests
---@return table what names of what they get
function faults.names()
  return names_of(MATCH), names_of(EFFECT)
end

local function sort_in(rule, fields, null)
  for name, value in pairs(fields) do
    local set = (MATCH[name] and "match") or (EFFECT[name] and "effect")
    if not set then
      return "no part of a fault is called "
        .. tostring(name)
        .. " (known: "
        .. table.concat(names_of(MATCH, EFFECT), ", ")
        .. ")"
    elseif value ~= null then
      if not (MATCH[name] or EFFECT[name])(value) then
        return "this is no value for " .. name
      end
      rule[set][name] = value
    end
  end
end

local function as_set(value)
  if value == nil then
    return nil
  end
  local set = {}
  for _, each in ipairs(type(value) == "table" and value or { value }) do
    set[each] = true
  end
  return set
end

--- Makes a rule of its description: `{ match = {…}, effect = {…} }`, or all the fields side by side.
---@param given table
---@param null any the codec's null
---@return table|nil rule, string|nil message
function faults.rule(given, null)
  if type(given) ~= "table" then
    return nil, "a fault must be an object"
  end
  local rule = { match = {}, effect = {}, seen = 0, fired = 0 }
  local flat = {}
  for name, value in pairs(given) do
    if (name == "match" or name == "effect") and type(value) == "table" then
      local message = sort_in(rule, value, null)
      if message then
        return nil, message
      end
    else
      flat[name] = value
    end
  end
  local message = sort_in(rule, flat, null)
  if message then
    return nil, message
  elseif next(rule.effect) == nil then
    return nil, "this fault has no effect (status, delay, close, …)"
  end
  local effect, match = rule.effect, rule.match
  if effect.tls then
    for name in pairs(match) do
      if not BEFORE_REQUEST[name] then
        return nil, "tls happens before a request: it can be chosen by nth, times and chance, not by " .. name
      end
    end
  end
  if effect.act == nil then
    effect.act = true
    for _, name in ipairs(REPLACES) do
      effect.act = effect.act and not effect[name]
    end
  end
  rule.methods, rule.nth = as_set(match.method), as_set(match.nth)
  rule.pattern = match.path and text.glob(match.path)
  return rule
end

-- Counts up by `step`; another one may count for several processes at once.
local function counter(rule, name, step)
  rule[name] = rule[name] + step
  return rule[name]
end

---@param random table source for `chance`
---@return table faults
function faults.new(random)
  return setmetatable({ rules = {}, made = 0, random = random, counter = counter }, faults)
end

--- Adds rules behind those that are there; all of them or none.
---@param list table array of descriptions
---@param null any
---@return number|nil count, string|nil message
function faults:add(list, null)
  local rules = {}
  for i, given in ipairs(list) do
    local rule, message = faults.rule(given, null)
    if not rule then
      return nil, string.format("fault %d: %s", i, message)
    end
    rules[i] = rule
  end
  for _, rule in ipairs(rules) do
    self.made = self.made + 1
    rule.number = self.made
    self.rules[#self.rules + 1] = rule
  end
  return #rules
end

function faults:clear()
  self.rules = {}
end

local function header_fits(wanted, headers)
  for name, value in pairs(wanted) do
    local have = headers[name:lower()]
    if not have or (value ~= "*" and have ~= tostring(value)) then
      return false
    end
  end
  return true
end

local function fits(rule, request, path)
  local match = rule.match
  return (not rule.methods or rule.methods[request.method])
    and (not rule.pattern or path:find(rule.pattern) ~= nil)
    and (match.connection_reused == nil or match.connection_reused == (request.reused or false))
    and (not match.header or header_fits(match.header, request.headers))
end

-- Counts what fits a rule, and tells whether it fires.
local function fires(self, rule, taken)
  local seen = self.counter(rule, "seen", 1)
  local match = rule.match
  local wanted = not taken
    and (not rule.nth or rule.nth[seen])
    and (not match.times or self.counter(rule, "fired", 0) < match.times)
    and (not match.chance or self.random:fraction() < match.chance)
  if not wanted then
    return false
  end
  -- Another process may have been quicker.
  if self.counter(rule, "fired", 1) > (match.times or math.huge) then
    self.counter(rule, "fired", -1)
    return false
  end
  return true
end

--- The effect for a request, if any. Every rule that fits counts it, also when another one fires.
---@param request table
---@param path string
---@return table|nil effect
function faults:pick(request, path)
  local effect
  for _, rule in ipairs(self.rules) do
    if not rule.effect.tls and fits(rule, request, path) and fires(self, rule, effect) then
      effect = rule.effect
    end
  end
  return effect
end

--- What is to happen to a TLS handshake, if anything.
---@return string|nil "wrong_name", "expired", "untrusted" (another authority), "close"
function faults:pick_handshake()
  local found
  for _, rule in ipairs(self.rules) do
    if rule.effect.tls and fires(self, rule, found) then
      found = rule.effect.tls
    end
  end
  return found
end

--- Fetches the counts from where another counter keeps them.
function faults:pull()
  for _, rule in ipairs(self.rules) do
    if self.counter ~= counter then
      rule.seen, rule.fired = self.counter(rule, "seen", 0), self.counter(rule, "fired", 0)
    end
  end
end

return faults
