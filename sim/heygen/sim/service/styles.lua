-- A catalogue of styles, large enough to need a second page.
local styles = { rows = {} }

local TAGS = { "cinematic", "retro-tech", "iconic-artist", "pop-culture", "handmade", "print" }
local NAMES = { "Dawn", "Harbour", "Quarry", "Lantern" }
local RATIOS = { "16:9", "9:16", "1:1" }

local ids = {}
for t, tag in ipairs(TAGS) do
  for n, name in ipairs(NAMES) do
    local id = string.format("style_%s_%d", tag:gsub("%-", "_"), n)
    styles.rows[#styles.rows + 1] = {
      id = id,
      name = tag:gsub("%-", " "):gsub("^%l", string.upper) .. " " .. name,
      tag = tag,
      ratio = RATIOS[(t + n) % 3 + 1],
    }
    ids[id] = true
  end
end

---@param id string
---@return boolean
function styles.known(id)
  return ids[id] == true
end

return styles
