-- Tasks that were spawned outside of all tasks and have not begun: perhaps nothing ever runs them. When the Lua state
-- closes, one line on standard error names those that are left.
local not_begun = {}

local places = {} -- task -> {place, number}
local number = 0

---@param self heygen.Task
---@param place string? where it was spawned
function not_begun.add(self, place)
  number = number + 1
  places[self] = { place = place or "an unknown line", number = number }
end

---@param self heygen.Task
function not_begun.remove(self)
  places[self] = nil
end

local function report()
  local count, first, name = 0, nil, nil
  for self, each in pairs(places) do
    if not self.is_cancelled then
      count = count + 1
      if not first or each.number < first.number then
        first, name = each, self.driver.name
      end
    end
  end
  if count > 0 then
    io.stderr:write(
      ("heygen: %s never began, spawned at %s%s: "):format(
        count == 1 and "a task" or count .. " tasks",
        first.place,
        count == 1 and "" or " and later"
      ),
      name == "scheduler" and "only heygen.run, task:join() and client:update() run tasks here\n"
        or ("the loop of %s has to run them\n"):format(name)
    )
  end
end

-- Collected with this module, as a rule when the state closes. Tables have no __gc in Lua 5.1 and LuaJIT, whose
-- newproxy makes an empty userdata.
local newproxy = rawget(_G, "newproxy")
if newproxy then
  not_begun.proxy = newproxy(true)
  getmetatable(not_begun.proxy).__gc = report
else
  setmetatable(not_begun, { __gc = report })
end

return not_begun
