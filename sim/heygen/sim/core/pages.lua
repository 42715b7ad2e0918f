-- Pages over a list that is kept in the order of making and shown newest first.
local text = require "heygen.sim.core.text"

local pages = {}

-- The last bytes make every token carry "+", "/" and "=": a client that does not percent-encode it is found out.
local TAIL = "\251\255\191\255"

local function seal(list, place)
  return string.format('{"list":"%s","before":%d,"seal":%d}', list, place, text.hash(list .. "|" .. place))
end

---@param list string name of the list: a token of another one is refused
---@param place number
---@return string token
function pages.token(list, place)
  local plain = seal(list, place)
  return text.base64(plain .. string.rep(" ", -#plain % 3) .. TAIL)
end

---@param list string
---@param token string
---@return number|nil place
function pages.place(list, token)
  local plain = text.unbase64(token)
  local place = plain and plain:match '"before":(%d+),'
  if place and #place < 15 and pages.token(list, tonumber(place)) == token then
    return tonumber(place)
  end
  return nil
end

--- One page.
---@param rows table array in the order of making; deleted rows are false
---@param list string its name
---@param limit number
---@param token string|nil
---@param show function row → item, or nil when the row is not to be seen
---@return table|nil items, string|nil next_token
function pages.cut(rows, list, limit, token, show)
  local from = #rows
  if token then
    local place = pages.place(list, token)
    if not place then
      return nil
    end
    from = math.min(from, place - 1)
  end
  local items, last = {}, nil
  for i = from, 1, -1 do
    local item = rows[i] and show(rows[i])
    if item then
      if #items == limit then
        return items, pages.token(list, last)
      end
      items[#items + 1], last = item, i
    end
  end
  return items, nil
end

return pages
