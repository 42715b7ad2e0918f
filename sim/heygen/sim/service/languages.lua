-- The languages that videos are translated into: their full names, as the list of the service spells them.
local languages = {}

local NAMES = {
  "Arabic",
  "Arabic (Egypt)",
  "Chinese",
  "Chinese (Cantonese, Traditional)",
  "Chinese (Mandarin, Simplified)",
  "Czech",
  "Danish",
  "Dutch",
  "English",
  "English (UK)",
  "English (United States)",
  "Finnish",
  "French",
  "French (Canada)",
  "French (France)",
  "German",
  "German (Austria)",
  "German (Germany)",
  "Greek",
  "Hindi",
  "Hindi (India)",
  "Indonesian",
  "Italian",
  "Italian (Italy)",
  "Japanese",
  "Japanese (Japan)",
  "Korean",
  "Korean (Korea)",
  "Polish",
  "Polish (Poland)",
  "Portuguese",
  "Portuguese (Brazil)",
  "Portuguese (Portugal)",
  "Romanian",
  "Russian",
  "Spanish",
  "Spanish (Mexico)",
  "Spanish (Spain)",
  "Swedish",
  "Turkish",
  "Ukrainian",
  "Vietnamese",
}

local KNOWN = {}
for _, name in ipairs(NAMES) do
  KNOWN[name] = true
end

---@return string[] names
function languages.all()
  local list = {}
  for i, name in ipairs(NAMES) do
    list[i] = name
  end
  return list
end

--- What is wrong with a list of names.
---@param list string[]
---@return table|nil problem { status, message, param }
function languages.problem(list)
  for i, name in ipairs(list) do
    if not KNOWN[name] then
      local param = ("output_languages[%d]"):format(i - 1)
      local message = param .. " is no language of GET /v3/video-translations/languages: " .. name
      return { status = 400, message = message, param = param }
    end
  end
end

return languages
