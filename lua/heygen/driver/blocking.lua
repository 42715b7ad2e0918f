-- Warns of a wait that blocks a running loop: the driver of a plain script was taken since nothing in the caller says
-- that it is in a loop which must not stand still. Called only where a wait really pauses, and where the program has
-- chosen no driver: heygen.use "block" says that it is meant.
local blocking = {}

local loaded = package.loaded
local IN_A_TASK = "call it in heygen.spawn(function() ... end)"

-- The loop that the caller is in although none suspends it, and what to do about it. A thread of LÖVE has no love.run,
-- and may block.
local function running_loop()
  local love, uv, cqueues = rawget(_G, "love"), loaded.luv, loaded.cqueues
  if type(love) == "table" and love.run then
    return "LÖVE and its window", IN_A_TASK .. ", and client:update(0.001) in love.update"
  elseif type(uv) == "table" and uv.loop_mode and uv.loop_mode() then
    return "luv's loop", 'say heygen.use "luv", and ' .. IN_A_TASK
  elseif type(cqueues) == "table" and cqueues.running() then
    return "cqueues", IN_A_TASK .. ", not in a coroutine of your own"
  end
end

local has_warned = false -- once for each Lua state

---Writes one line to standard error, the first time that it finds a loop.
---@param find_place fun(): string? "file:line" of the caller
function blocking.warn(find_place)
  if has_warned then
    return
  end
  local name, remedy = running_loop()
  if name then
    has_warned = true
    local place = find_place()
    io.stderr:write(
      ("heygen: %sthis wait blocks %s until it ends: %s\n"):format(
        place and place .. ": " or "",
        name,
        remedy
      )
    )
  end
end

return blocking
