-- What the words of a request say of its video: how long it is, and which way up.
local asked = {}

-- As long as the API lets a video be.
local LONGEST = 1800
local UNITS = { second = 1, sec = 1, minute = 60, min = 60 }
local UPRIGHT = { "portrait", "vertical", "9:16" }

--- The length that a prompt names: "in 30 seconds", "a 2-minute video".
---@param prompt string
---@return number|nil seconds 1 to 1800
function asked.seconds(prompt)
  for number, unit in prompt:lower():gmatch "(%d+)[%s%-]*(%a+)" do
    local factor = UNITS[unit] or UNITS[unit:match "^(.*)s$" or ""]
    if factor and #number < 5 then
      return math.max(1, math.min(LONGEST, tonumber(number) * factor))
    end
  end
end

--- The orientation that the words of a prompt ask for.
---@param prompt string
---@return string orientation landscape unless they name another
function asked.orientation(prompt)
  local words = prompt:lower()
  for _, each in ipairs(UPRIGHT) do
    if words:find(each, 1, true) then
      return "portrait"
    end
  end
  return "landscape"
end

--- How long a text takes to say: each word by its length, at the pace of a calm reader.
---@param text string
---@param speed number? default 1
---@return table words list of { word, start, end }, in seconds
---@return number seconds
function asked.speech(text, speed)
  local words, at = {}, 0
  for word in text:gmatch "%S+" do
    local length = (0.12 + 0.055 * #word) / (speed or 1)
    words[#words + 1] = {
      word = word,
      start = math.floor(at * 1000 + 0.5) / 1000,
      ["end"] = math.floor((at + length) * 1000 + 0.5) / 1000,
    }
    at = at + length + 0.06
  end
  return words, words[1] and words[#words]["end"] or 0
end

return asked
