-- One word for each thing, and the form of the pages. A word that is not used stands here with the one to use instead.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

-- Lua patterns for whole words in lower case, and the remedy.
local WORDS = {
  { "films?", "video" },
  { "anew", "again" },
  { "whoever", "any caller, anyone who" },
  { "shall", "must, should" },
  { "beside", "next to, in addition to, compared with" },
  { "meanwhile", "during this" },
  { "nobody", "no caller, or the passive" },
  { "somebody", "a caller, or the passive" },
  { "anybody", "any caller, any sender" },
  { "everybody", "every caller, all" },
  { "whom", "which, or two sentences" },
  { "one's own", "your own, separate" },
  { "give way", "yield" },
  { "gives way", "yields" },
  { "strangers?", "outside" },
  { "go on", "resume, continue" },
  { "goes on", "resumes, continues" },
  { "going on", "resuming, continuing" },
  { "gone on", "resumed, continued" },
  { "went on", "resumed, continued" },
  { "take up", "resume" },
  { "takes up", "resumes" },
  { "taken up", "resumed" },
  { "looks?", "poll, or check" },
  { "looked", "polled, or checked" },
  { "looking", "polling, or checking" },
}

-- What may contain such a word: HeyGen's avatar looks, and the look-up of a name.
local ALLOWED = {
  "avatars?:looks?",
  "avatars?/looks?",
  "avatar%.looks?",
  "%f[%w]looks?_",
  "_looks?%f[%W]",
  "avatar looks?",
  "avatar's looks?",
  "%f[%w]look%.",
  "looks?%[%]",
  '"looks?"',
  "local looks? = ",
  "looks%. the id of one",
  "| a look |",
  "its new look",
  "look%-up",
  "look up",
  "looks up",
  "looked up",
  "voices, avatars and looks",
}

-- Files in which "look" is HeyGen's word for an appearance of an avatar.
local AVATAR_LOOKS = {
  ["lua/heygen/api/id.lua"] = true,
  ["lua/heygen/endpoints/avatars.lua"] = true,
  ["lua/heygen/endpoints/video_agents.lua"] = true,
  ["lua/heygen/endpoints/video_body.lua"] = true,
  ["lua/heygen/wait/job_types.lua"] = true,
  ["sim/heygen/sim/contract/account.lua"] = true,
  ["sim/heygen/sim/contract/library.lua"] = true,
  ["sim/heygen/sim/service/avatars.lua"] = true,
  ["sim/heygen/sim/service/catalogue.lua"] = true,
  ["sim/heygen/sim/service/lookup.lua"] = true,
  ["sim/heygen/sim/service/video_rules.lua"] = true,
  ["spec/sim/account_spec.lua"] = true,
  ["spec/sim/conformance_call_spec.lua"] = true,
  ["spec/sim/idempotency_spec.lua"] = true,
  ["spec/sim/library_spec.lua"] = true,
  ["spec/sim/video_create_spec.lua"] = true,
  ["spec/sim/video_rules_spec.lua"] = true,
  ["spec/wait/job_spec.lua"] = true,
  ["types/heygen/waits.lua"] = true,
}

-- Simulator, not a HeyGen that is local. Not the variable `local heygen`.
local function has_local_heygen(line)
  return line:find("[Ll]ocal HeyGen") ~= nil
end

for _, word in ipairs(WORDS) do
  word.plain = word[1]:gsub("s%?$", "")
  word.pattern = "%f[%w_]" .. word[1]:gsub(" ", "%%s") .. "%f[^%w_]"
end

-- The words that are anywhere in a text: nearly always none, and then its lines need not be read.
local function words_in(text)
  local found = {}
  text = text:lower()
  for _, word in ipairs(WORDS) do
    if text:find(word.plain, 1, true) and text:find(word.pattern) then
      found[#found + 1] = word
    end
  end
  return found
end

local function forbidden(line, path, words)
  if has_local_heygen(line) then
    return "local HeyGen", "simulator"
  end
  local text = line:lower()
  for _, pattern in ipairs(ALLOWED) do
    text = text:gsub(pattern, "")
  end
  for _, word in ipairs(words) do
    local found = text:match(word.pattern)
    if found and not (AVATAR_LOOKS[path] and found:find "^look") then
      return found, word[2]
    end
  end
end

local function problems(paths)
  local found = {}
  for _, path in ipairs(paths) do
    local number, text = 0, scripts.read(path)
    local words = words_in(text)
    local lines = (words[1] or has_local_heygen(text)) and text .. "\n" or ""
    for line in lines:gmatch "(.-)\n" do
      number = number + 1
      local word, remedy = forbidden(line, path, words)
      if word then
        found[#found + 1] = ("%s:%d: %s (say: %s)"):format(path, number, word, remedy)
      end
    end
  end
  return found
end

local COLUMNS, CELL = 110, 150

local PAGES = "ls *.md docs/*.md | grep -v '^docs/api.md$'"
local CODE = "find lua src types sim spec bin -type f ! -path types/heygen/api.lua"
  .. " ! -path spec/docs/vocabulary_spec.lua ! -path 'spec/fuzz/seeds/*' ! -name '*.txt'"
local TEXTS = "(" .. PAGES .. ") && find docs/generate* docs/walks.lua examples bench -type f"

describe("the words of the #once", function()
  it("pages, examples and benchmarks are those of the table", function()
    assert.same({}, problems(shell.lines(TEXTS)))
  end)
end)

describe("the words of the code #once", function()
  it("are those of the table", function()
    assert.same({}, problems(shell.lines(CODE)))
  end)
end)

describe("the comments of the code #once", function()
  local function is_question(line, path)
    local comment = path:find "%.[ch]$" and (line:match "/%*(.*)" or line:match "^ %*(.*)")
      or line:match "%-%-(.*)"
    comment = comment and not comment:find "^%-@" and comment:gsub("%*/%s*$", "")
    return comment and (comment:find "[%l`)]%?%s*$" or comment:find "[%l`)]%?%s+%u")
  end

  it("are no questions", function()
    local found = {}
    for _, path in ipairs(shell.lines(CODE .. " -name '*.[lch]*'")) do
      local number, text = 0, scripts.read(path)
      for line in (text .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        if line:find("?", 1, true) and is_question(line, path) then
          found[#found + 1] = ("%s:%d: %s"):format(path, number, line)
        end
      end
    end
    assert.same({}, found)
  end)
end)

describe("the form of the pages #once", function()
  -- Calls fn(path, number, line) for each line outside of code.
  local function each_line(fn)
    for _, path in ipairs(shell.lines(PAGES)) do
      local number, code = 0, false
      for line in (scripts.read(path) .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        if line:find "^%s*```" then
          code = not code
        elseif not code then
          fn(path, number, line)
        end
      end
    end
  end

  it("has prose of at most 110 columns", function()
    local found = {}
    each_line(function(path, number, line)
      local _, columns = line:gsub("[^\128-\191]", "")
      if not line:find "^|" and columns > COLUMNS then
        found[#found + 1] = ("%s:%d: %d columns"):format(path, number, columns)
      end
    end)
    assert.same({}, found)
  end)

  it("has table cells of at most 150 characters, and a word in each head cell", function()
    local found, before = {}, ""
    each_line(function(path, number, line)
      if line:find "^|[%s:|-]+$" and before:find "|%s*|" then
        found[#found + 1] = ("%s:%d: an empty head cell"):format(path, number - 1)
      end
      before = line
      if line:find "^|" then
        for cell in (line .. " |"):gmatch "|%s(.-)%s%f[|]" do
          local _, characters = cell:gsub("[^\128-\191]", "")
          if characters > CELL then
            found[#found + 1] = ("%s:%d: a cell of %d characters"):format(path, number, characters)
          end
        end
      end
    end)
    assert.same({}, found)
  end)
end)
