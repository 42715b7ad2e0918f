-- Lists that come in pages: each page leads to the next, and a server that goes in circles is found out.
local checker = require "heygen.schema.options"
local errors = require "heygen.errors"
local response = require "heygen.http.response"

local pages = {}

local outcome = errors.outcome

local TOKEN_MAX = 8192 -- bytes; it goes into a URL

---@class heygen.Page
---@field data table[]
---@field has_more boolean?
---@field next_token string?
local Page = {}

-- The items of a batch come in pages inside the batch itself, which is what its page then is.
local LIST, BATCH = "data", "items"

-- A server may send back the key, even in a token.
local function bad_answer(message, envelope, hide)
  local answer = response.of(envelope)
  envelope = response.without_secret(envelope, hide)
  return nil,
    errors.new { kind = "parse", status = answer and answer.status, message = message, last = envelope }
end

local FALSE = { ["false"] = true, ["0"] = true, no = true, [""] = true }

-- Some services say "false" or 0, which are true in Lua.
local function as_boolean(value)
  if type(value) == "number" then
    return value ~= 0
  elseif type(value) == "string" then
    return not FALSE[value:sub(1, 8):lower()]
  end
  return value
end

local function as_it_is(text)
  return text
end

-- The chain behind a page is its metatable: the envelope stays as the service sent it, and nothing of ours is printed
-- or iterated with it. `position` counts pages; `used` maps a token to the position of the page that it led away from,
-- so that asking one page twice (after a network error, say) is no repetition.
local function link(fetch, fields, envelope, position, used, hide, key)
  local items = type(envelope) == "table" and envelope[key]
  if type(items) ~= "table" then
    return bad_answer("the answer is not a list: it has no " .. key, envelope, hide)
  elseif items[1] == nil and next(items) ~= nil then
    return bad_answer("the answer is not a list: its " .. key .. " is an object", envelope, hide)
  end
  envelope.has_more = as_boolean(envelope.has_more)
  envelope.next = nil -- a field of this name would hide the method
  return setmetatable(envelope, {
    __index = Page,
    __name = "heygen.page",
    fetch = fetch,
    fields = fields,
    position = position,
    used = used,
    hide = hide,
    key = key,
  })
end

-- The caller may fill the table again before the next page is requested.
local function copy(fields)
  local own = {}
  for name, value in pairs(fields or own) do
    own[name] = value
  end
  return own
end

local function first(fetch, fields, envelope, hide, key)
  local used = {}
  hide = hide or as_it_is
  fields = copy(fields)
  if fields.token then
    used[fields.token] = 0
  end
  return link(fetch, fields, envelope, 1, used, hide, key)
end

---A page of a list from an answer of the service. The envelope itself becomes the page.
---@param fetch fun(fields: table): table?, heygen.Error? gets one more envelope
---@param fields table? the fields of the first request, never changed
---@param envelope table {data = {...}, has_more = ..., next_token = ...}
---@param hide (fun(text: string): string)? keeps a secret out of errors
---@return heygen.Page? page
---@return heygen.Error? err kind "parse" when the envelope is no list
function pages.new(fetch, fields, envelope, hide)
  return first(fetch, fields, envelope, hide, LIST)
end

---The same of a batch, whose items come in pages inside it.
---@param fetch fun(fields: table): table?, heygen.Error?
---@param fields table?
---@param batch table {items = {...}, has_more = ..., next_token = ..., ...}
---@param hide (fun(text: string): string)?
---@return heygen.Page? page the batch itself
---@return heygen.Error? err
function pages.of_batch(fetch, fields, batch, hide)
  return first(fetch, fields, batch, hide, BATCH)
end

-- The token of the next page | nil when there is none | nil, problem.
local function next_token(page, chain)
  local token = page.next_token
  if page.has_more == false then
    return nil
  elseif token == nil or token == "" then
    return nil, page.has_more and "the service says that there is more, but gives no next_token" or nil
  elseif type(token) ~= "string" or #token > TOKEN_MAX then
    return nil, "the service gave a next_token that is no token"
  end
  local before = chain.used[token]
  if before and before ~= chain.position then
    token = errors.foreign(token, 40, chain.hide)
    return nil, 'the list does not advance: the service gave the next_token "' .. token .. '" a second time'
  end
  return token
end

---Fetches the page after this one. May be called again after an error.
---@return heygen.Page? page nil alone: this was the last page
---@return string? message
---@return heygen.Error? err kind "parse" when the list does not advance; else what the request failed with
function Page:next()
  local chain = type(self) == "table" and getmetatable(self)
  if not chain or not chain.fetch then
    checker.refuse_dot("page:next()", 2)
  end
  local token, problem = next_token(self, chain)
  if problem then
    return outcome(bad_answer(problem, self, chain.hide))
  elseif not token then
    return nil
  end
  chain.used[token] = chain.position
  local fields = copy(chain.fields)
  fields.token = token
  local envelope, err = chain.fetch(fields)
  local page
  if envelope then
    page, err =
      link(chain.fetch, chain.fields, envelope, chain.position + 1, chain.used, chain.hide, chain.key)
  end
  return outcome(page, err)
end

---Iterates over all items of a list, page after page. A failure is raised as an error object, because a loop
---could not see it otherwise: `pcall` the loop, or use pages and `page:next()`. So must a coroutine on PUC Lua 5.1
---whose requests yield, as that Lua cannot yield inside an iterator.
---@param fetch fun(fields: table): table?, heygen.Error?
---@param fields table? the fields of the first request, never changed
---@param hide (fun(text: string): string)? keeps a secret out of errors
---@param in_batch boolean? the items of a batch
---@return fun(): any iterator
function pages.each(fetch, fields, hide, in_batch)
  local key = in_batch and BATCH or LIST
  fields = copy(fields)
  local page, index, done = nil, 0, false
  local function advance()
    local following, err
    if page then
      local _
      following, _, err = page:next()
    else
      local envelope
      envelope, err = fetch(fields)
      if envelope then
        following, err = first(fetch, fields, envelope, hide, key)
      end
    end
    if following then
      page, index = following, 0
    elseif err then
      error(err, 0)
    else
      done = true
    end
  end
  return function()
    while not done do
      local item = page and page[key][index + 1]
      if item ~= nil then
        index = index + 1
        return item
      end
      advance()
    end
    return nil
  end
end

return pages
