-- Plays the example game through LÖVE's own events, in a real window: SCENARIO says what, SHOTS the directory for
-- pictures. Facts are printed as "name=value"; the exit status is 1 when something did not happen in time.
local PATIENCE = 30 -- seconds

local root = love.filesystem.getSource():match "^(.*)/spec/support/love$"
local shots = os.getenv "SHOTS"

-- The one studio of the game.
local studio = require "studio"
local make_studio, made = studio.new, nil
function studio.new(options)
  made = make_studio(options)
  return made
end

dofile(root .. "/examples/love/main.lua")

function love.errorhandler(message)
  io.stderr:write(debug.traceback(tostring(message), 2), "\n")
  os.exit(1)
end

local function tell(name, value)
  print(name .. "=" .. tostring(value))
  io.stdout:flush()
end

-- ---- frames ----

local frames, longest, last = 0, 0, nil
local draw, update = love.draw, love.update

function love.draw()
  draw()
  local now = love.timer.getTime()
  frames, longest, last = frames + 1, math.max(longest, last and now - last or 0), now
end

-- ---- the player's hands ----

local held = {}
local really_down = love.keyboard.isDown
function love.keyboard.isDown(...)
  for _, key in ipairs { ... } do
    if held[key] then
      return true
    end
  end
  return really_down(...)
end

local function pass_frame()
  coroutine.yield()
end

local function press(key, modifier)
  held[modifier or ""] = true
  love.event.push("keypressed", key, key, false)
  pass_frame() -- events come at the beginning of the next frame
  pass_frame()
  held[modifier or ""] = nil
end

local function type_text(text)
  for character in text:gmatch "[%z\1-\127\192-\255][\128-\191]*" do
    love.event.push("textinput", character)
  end
  pass_frame()
  pass_frame()
end

local function await(what, ready)
  local stop = love.timer.getTime() + PATIENCE
  while true do
    local value = ready()
    if value then
      return value
    elseif love.timer.getTime() > stop then
      error("it did not happen: " .. what)
    end
    pass_frame()
  end
end

local function count_colours(image)
  local seen, count = {}, 0
  for y = 0, image:getHeight() - 1, 3 do
    for x = 0, image:getWidth() - 1, 3 do
      local r, g, b = image:getPixel(x, y)
      local key = math.floor(r * 255 + 0.5) * 65536
        + math.floor(g * 255 + 0.5) * 256
        + math.floor(b * 255 + 0.5)
      if not seen[key] then
        seen[key], count = true, count + 1
      end
    end
  end
  return count
end

local function shoot(name)
  local done
  love.graphics.captureScreenshot(function(image)
    tell("colours_" .. name, count_colours(image))
    local file = assert(io.open(shots .. "/" .. name .. ".png", "wb"))
    file:write(image:encode("png"):getString())
    file:close()
    done, last = true, nil -- the picture took its time, not the game
  end)
  await("a picture of " .. name, function()
    return done
  end)
end

local function find_area(action)
  local view = require "view"
  for y = 2, love.graphics.getHeight() - 1, 4 do
    for x = 2, love.graphics.getWidth() - 1, 4 do
      if view.at(x, y) == action then
        return { x, y }
      end
    end
  end
end

-- Clicks where the view has an action, as soon as it has.
local function click(action)
  local place = await(action .. " to click", function()
    return find_area(action)
  end)
  love.event.push("mousepressed", place[1], place[2], 1, false, 1)
  pass_frame()
  pass_frame()
end

local function order(prompt)
  type_text(prompt)
  press "return"
  return made.videos[1]
end

local function await_state(video, state)
  await(state, function()
    return video.state == state
  end)
end

-- ---- scenarios ----

local scenarios = {}

-- Types with a slip, pastes, corrects, orders; sees the bar move and the video in the list.
function scenarios.video()
  love.system.setClipboardText "on the café's roof"
  type_text "A tour ü€"
  press "backspace"
  press "backspace"
  press("v", "lctrl")
  press "return"
  local video = made.videos[1]
  tell("prompt", video.prompt)
  local seen, before = {}, frames
  await("the video", function()
    seen[math.floor(video.shown or 0)] = true
    return video.state == "ready" or video.state == "failed"
  end)
  local steps = 0
  for _ in pairs(seen) do
    steps = steps + 1
  end
  tell("state", video.state)
  tell("bar_steps", steps)
  tell("frames_meanwhile", frames - before)
  tell("file", video.file)
  tell("seconds", video.seconds)
  love.system.openURL = function(url)
    tell("opened", url)
    return true
  end
  click "play"
  shoot "love_video"
end

-- Several at once, on a list of what an earlier run has left.
function scenarios.several()
  tell("restored", #made.videos)
  local videos = { order "The harbour at dawn", order "The harbour at noon", order "The harbour at dawn" }
  await("a bar that has moved", function()
    return videos[1].shown and videos[1].shown > 20
  end)
  love.event.push("wheelmoved", 0, -1)
  pass_frame()
  shoot "love_making"
  for _, video in ipairs(videos) do
    await_state(video, "ready")
  end
  tell("files", videos[3].file .. " " .. videos[2].file .. " " .. videos[1].file)
  shoot "love_several"
end

-- An order that is refused: the game says why, and continues.
function scenarios.refused()
  local video = order "An unpaid video"
  await_state(video, "failed")
  tell("problem", video.problem)
  tell("detail", video.detail)
  tell("remedy", video.remedy)
  shoot "love_refused"
  click "edit"
  tell("videos_left", #made.videos)
  press "return"
  await_state(made.videos[1], "ready")
  tell("second", made.videos[1].state)
end

-- One that is under way is cancelled while the service does not answer.
function scenarios.cancel()
  local video = order "A video that is not wanted any more"
  await("a poll under way", function()
    return video.session_id and video.status == "thinking"
  end)
  local later = love.timer.getTime() + 1 -- the first poll is made after a quarter of a second
  await("a while", function()
    return love.timer.getTime() > later
  end)
  local before = love.timer.getTime()
  click "cancel"
  await_state(video, "cancelled")
  tell("ended_after", love.timer.getTime() - before)
  tell("problem", video.problem)
  tell("session", video.session_id)
  local frame = frames
  await("frames after it", function()
    return frames > frame + 30
  end)
  shoot "love_cancelled"
end

-- What can be typed: the limit, long words, other scripts, a narrow window.
function scenarios.text()
  love.system.setClipboardText(("é"):rep(10001))
  press("v", "lctrl")
  press "return"
  tell("videos_too_long", #made.videos)
  shoot "love_too_long"
  press "backspace"
  press "home"
  type_text "x "
  press "up"
  press "end"
  press "delete"
  for _, key in ipairs { "left", "right", "down", "home", "delete" } do
    press(key)
  end
  click "field"
  love.system.setClipboardText(("word "):rep(9000))
  press("v", "lctrl")
  love.window.setMode(480, 420, { resizable = true, minwidth = 480, minheight = 420 })
  love.event.push("resize", 480, 420)
  pass_frame()
  pass_frame()
  shoot "love_narrow"
end

-- Without a key there is a window all the same.
function scenarios.no_key()
  type_text "Anything"
  press "return"
  tell("studio", made)
  shoot "love_no_key"
end

-- The window is closed while an order is on its way.
function scenarios.leave()
  local video = order "A video that is ordered while one leaves"
  love.event.quit()
  pass_frame()
  pass_frame()
  tell("stayed", made:is_ordering())
  await("the end", function()
    if video.session_id then
      tell("session", video.session_id)
    end
  end)
end

-- What an earlier run has ordered comes by itself.
function scenarios.resume()
  await_state(made.videos[1], "ready")
  tell("file", made.videos[1].file)
end

local player = coroutine.create(function()
  pass_frame()
  pass_frame()
  scenarios[os.getenv "SCENARIO"]()
  tell("frames", frames)
  tell("longest_gap_ms", ("%.1f"):format(longest * 1000))
  love.event.quit()
end)

function love.update(dt)
  update(dt)
  if coroutine.status(player) ~= "dead" then
    local ok, problem = coroutine.resume(player)
    if not ok then
      error(debug.traceback(player, problem), 0)
    end
  end
end
