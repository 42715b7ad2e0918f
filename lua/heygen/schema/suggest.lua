-- "Did you mean": the known name that is nearest to a wrong one.

local suggest = {}

local byte, lower, sub = string.byte, string.lower, string.sub
local floor, max, min = math.floor, math.max, math.min

-- Edit distance in which two swapped neighbours count as one step.
local function distance(left, right)
  local before, last, row = {}, {}, {}
  for column = 0, #right do
    last[column] = column
  end
  for index = 1, #left do
    row[0] = index
    for column = 1, #right do
      local same = byte(left, index) == byte(right, column)
      local least = min(last[column] + 1, row[column - 1] + 1, last[column - 1] + (same and 0 or 1))
      if
        index > 1
        and column > 1
        and byte(left, index) == byte(right, column - 1)
        and byte(left, index - 1) == byte(right, column)
      then
        least = min(least, before[column - 2] + 1)
      end
      row[column] = least
    end
    before, last, row = last, row, before
  end
  return last[#right]
end

---The candidate that was probably meant, for "did you mean" hints.
---@param name any
---@param candidates string[]
---@return string? nil when none is near
function suggest.near(name, candidates)
  if type(name) ~= "string" or #name > 64 then
    return nil
  end
  local given = lower(name)
  local best, best_steps, begun, beginnings = nil, nil, nil, 0
  for index = 1, #candidates do
    local candidate = candidates[index]
    local steps = distance(given, lower(candidate))
    local allowed = max(1, floor(max(#given, #candidate) / 3))
    if steps <= allowed and steps < #given and steps < #candidate then
      if not best or steps < best_steps or (steps == best_steps and candidate < best) then
        best, best_steps = candidate, steps
      end
    end
    if #given >= 4 and sub(lower(candidate), 1, #given) == given then
      begun, beginnings = candidate, beginnings + 1
    end
  end
  return best or (beginnings == 1 and begun or nil)
end

---The same as the end of a message.
---@param name any
---@param candidates string[]
---@return string text empty when none is near
function suggest.hint(name, candidates)
  local near = suggest.near(name, candidates)
  return near and ', did you mean "' .. near .. '"?' or ""
end

return suggest
