-- Text of others: what a server sends may be long, may show the credential that it was sent, and may hold bytes that a
-- terminal takes for commands or that are no UTF-8. Everything of it that goes into a message, an error or a log goes
-- through here: first the secret is hidden, then the text is cut, then it is made printable.
local core = require "heygen.core"

local foreign = {}

local utf8_length = core.utf8_length
local byte, find, format, gsub, match, sub =
  string.byte, string.find, string.format, string.gsub, string.match, string.sub

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape_control(character)
  return ESCAPES[character] or format("\\x%02x", byte(character, #character))
end

local SEQUENCES = {
  "^[\194-\223][\128-\191]()",
  "^\224[\160-\191][\128-\191]()",
  "^\237[\128-\159][\128-\191]()",
  "^[\225-\236\238\239][\128-\191][\128-\191]()",
  "^\240[\144-\191][\128-\191][\128-\191]()",
  "^\244[\128-\143][\128-\191][\128-\191]()",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]()",
}

-- Of a run of bytes of 128 and above: those that are no UTF-8 become escapes.
local function escape_bytes(run)
  if utf8_length(run) then
    return run
  end
  local parts, at = {}, 1
  while at <= #run do
    local past
    for index = 1, #SEQUENCES do
      past = past or match(run, SEQUENCES[index], at)
    end
    parts[#parts + 1] = past and sub(run, at, past - 1) or format("\\x%02x", byte(run, at))
    at = past or at + 1
  end
  return table.concat(parts)
end

---The same text where it is UTF-8, else with escapes, so that it can be encoded as JSON.
---@param text string
---@return string
function foreign.utf8(text)
  local escaped = gsub(text, "[\128-\255]+", escape_bytes)
  return escaped
end

-- U+200E to U+202E: marks that turn the direction of a line, and ends of a line.
local function escape_mark(character)
  return format("\\u20%02x", byte(character, 3) - 0x80 + (byte(character, 2) - 0x80) * 64)
end

---Makes foreign text fit for a message: cut to about `max` bytes, never inside a character, with control
---characters, marks of direction and bytes that are no UTF-8 escaped.
---@param text string
---@param max integer bytes
---@return string
function foreign.printable(text, max)
  if #text > max then
    local last = max
    for _ = 1, 3 do
      local following = byte(text, last + 1)
      if following < 128 or following > 191 then
        break
      end
      last = last - 1
    end
    text = sub(text, 1, last) .. "..."
  end
  if find(text, "[%z\1-\31\127]") then
    text = gsub(text, "[%z\1-\31\127]", escape_control)
  end
  -- U+0080 to U+009F: a terminal takes them for commands as well
  if find(text, "\194[\128-\159]") then
    text = gsub(text, "\194[\128-\159]", escape_control)
  end
  if find(text, "\226[\128\129]") then
    text = gsub(text, "\226\128[\142\143\168-\174]", escape_mark)
    text = gsub(text, "\226\129[\166-\169]", escape_mark)
  end
  return find(text, "[\128-\255]") and foreign.utf8(text) or text
end

local printable = foreign.printable

local SHORT = 8 -- characters; real credentials are several times as long

-- Whether what stands from first to last is part of a longer word.
local function in_a_word(text, first, last)
  return find(text, "^[%w_-]", last + 1) ~= nil or (first > 1 and find(text, "^[%w_-]", first - 1) ~= nil)
end

---Replaces every occurrence of a secret in a text. A short one, as tests use, stands in other words by chance: it is
---replaced where it is a word.
---@param text string
---@param secret string? nothing happens without one
---@return string
function foreign.hide(text, secret)
  if not secret or secret == "" then
    return text
  end
  local first, last = find(text, secret, 1, true)
  if not first then
    return text
  end
  local parts, from = {}, 1
  while first do
    local is_part = #secret < SHORT and in_a_word(text, first, last)
    parts[#parts + 1] = sub(text, from, is_part and last or first - 1)
    parts[#parts + 1] = not is_part and "[hidden]" or nil
    from = last + 1
    first, last = find(text, secret, from, true)
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts)
end

local EXCERPT = 2000 -- bytes of a body that an error shows
local LONGEST_SECRET = 4096 -- bytes

---The beginning of a foreign body, for an error. What is hidden is hidden before it is cut: no secret in pieces.
---@param text string
---@param hide fun(text: string): string
---@return string
function foreign.excerpt(text, hide)
  return foreign.utf8(sub(hide(sub(text, 1, EXCERPT + LONGEST_SECRET)), 1, EXCERPT))
end

---Foreign text for a message: hidden, then cut, then made printable.
---@param text string
---@param max integer bytes
---@param hide fun(text: string): string
---@return string
function foreign.shown(text, max, hide)
  return printable(hide(sub(text, 1, max + LONGEST_SECRET)), max)
end

---Without the blanks at both ends. Patterns that do it in one step take the square of a run of blanks.
---@param text string
---@param max integer bytes that are read
---@return string
function foreign.trim(text, max)
  text = sub(text, 1, max)
  local last = #text
  while last > 0 and find(text, "^%s", last) do
    last = last - 1
  end
  return sub(text, find(text, "%S") or 1, last)
end

---Whether a secret stands in an id that the service sent. A short one, as tests use, occurs in ids by chance: it must
---be the whole id, as an id that is lost may be that of a paid video.
---@param id string
---@param secret string
---@return boolean
function foreign.shows(id, secret)
  if #secret < SHORT then
    return id == secret
  end
  return find(id, secret, 1, true) ~= nil
end

---`hide` and `shows` of one secret, which is nowhere but in these functions.
---@param secret string
---@return fun(text: string): string hide
---@return fun(id: string): boolean shows
function foreign.of_secret(secret)
  return function(text)
    return foreign.hide(text, secret)
  end, function(id)
    return foreign.shows(id, secret)
  end
end

local MOST_VALUES = 20000 -- of an answer that an error keeps
local MOST_TEXT = 262144 -- bytes of all texts in it

local function copy_of(value, hide, budget)
  if type(value) == "string" then
    value = #value > budget.bytes and foreign.excerpt(value, hide) or hide(value)
    budget.bytes = budget.bytes - #value
    return find(value, "[\128-\255]") and foreign.utf8(value) or value
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    budget.left = budget.left - 1
    if budget.left < 0 or budget.bytes < 0 then
      break
    end
    copy[copy_of(key, hide, budget)] = copy_of(item, hide, budget)
  end
  return setmetatable(copy, getmetatable(value))
end

---A copy of a decoded answer in which no text shows the credential, and every text can be encoded as JSON. Of a very
---large one, a part.
---@param value any
---@param hide fun(text: string): string
---@return any
function foreign.copy(value, hide)
  return copy_of(value, hide, { left = MOST_VALUES, bytes = MOST_TEXT })
end

return foreign
