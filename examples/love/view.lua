-- Draws the game, and knows what lies where: what can be clicked is noted while it is drawn.
local utf8 = require "utf8"

local words = require "words"

local graphics = love.graphics

local view = {}

local MARGIN, GAP, PAD, WIDEST = 24, 12, 14, 880
local LINES = 4 -- of the prompt that are seen at once
local BLINK = 0.53 -- seconds

local function colour(hex)
  local parts = {}
  for part in hex:gmatch "%x%x" do
    parts[#parts + 1] = tonumber(part, 16) / 255
  end
  return parts
end

local COLOURS = {
  ground = colour "14171f",
  card = colour "1e232f",
  sunken = colour "10131a",
  edge = colour "39415a",
  text = colour "eef1f7",
  dim = colour "a3adc2",
  accent = colour "4c8dff",
  accent_hot = colour "6ba2ff",
  on_accent = colour "08101f",
  quiet = colour "2c3446",
  quiet_hot = colour "3a4560",
  good = colour "5fd38d",
  bad = colour "ff8a80",
}

local fonts = {}
local areas = {} -- what can be clicked: x, y, w, h, name, argument
local clip -- areas outside of it are not seen, and cannot be clicked

function view.load()
  fonts.title = graphics.newFont(24)
  fonts.text = graphics.newFont(15)
  fonts.small = graphics.newFont(13)
  graphics.setBackgroundColor(COLOURS.ground)
end

---What moves by itself: the bars catch up with the progress, the caret blinks.
---@param game table
---@param dt number
function view.update(game, dt)
  game.field.idle = game.field.idle + dt
  game.time = (game.time or 0) + dt
  for _, video in ipairs(game.studio and game.studio.videos or {}) do
    local goal = video.progress or 0
    local shown = video.shown or 0
    video.shown = goal < shown and goal or shown + (goal - shown) * math.min(1, dt * 5)
  end
end

---What is at a point of the window.
---@return string? name of the action
---@return any argument
function view.at(x, y)
  for index = #areas, 1, -1 do
    local area = areas[index]
    if x >= area.x and x < area.x + area.w and y >= area.y and y < area.y + area.h then
      return area.name, area.locate and area.locate(x, y) or area.argument
    end
  end
end

-- ---- pieces ----

local function box(mode, x, y, w, h, name, radius)
  graphics.setColor(COLOURS[name])
  graphics.rectangle(mode, x, y, w, h, radius or 8)
end

local function note_area(x, y, w, h, name, argument)
  local bottom = y + h
  if clip then
    y, bottom = math.max(y, clip.y), math.min(bottom, clip.y + clip.h)
  end
  local area = { x = x, y = y, w = w, h = bottom - y, name = name, argument = argument }
  areas[#areas + 1] = area
  local mx, my = love.mouse.getPosition()
  area.is_hot = mx >= x and mx < x + w and my >= y and my < bottom
  return area
end

-- As much of a text as fits into a line.
local function fit(text, font, width)
  if font:getWidth(text) <= width then
    return text
  end
  local room = width - font:getWidth "…"
  local low, high = 0, utf8.len(text)
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if font:getWidth(words.first(text, middle)) <= room then
      low = middle
    else
      high = middle - 1
    end
  end
  return words.first(text, low):gsub("%s+$", "") .. "…"
end

local function print_at(text, font, name, x, y)
  graphics.setFont(font)
  graphics.setColor(COLOURS[name])
  graphics.print(text, math.floor(x), math.floor(y))
end

local function line(text, font, name, x, y, width)
  print_at(fit(text, font, width), font, name, x, y)
end

local function print_right(text, font, name, right, y)
  print_at(text, font, name, right - font:getWidth(text), y)
end

local BUTTON = 30 -- high

local function button_width(label)
  return fonts.small:getWidth(label) + 28
end

-- A button that ends at `right`; gives where it begins.
local function button(label, right, y, action, argument, is_main, is_off)
  local w = button_width(label)
  local x = right - w
  local area = not is_off and note_area(x, y, w, BUTTON, action, argument)
  local name = is_main and "accent" or "quiet"
  if is_off then
    name = "quiet"
  elseif area.is_hot then
    name = name .. "_hot"
  end
  box("fill", x, y, w, BUTTON, name, 6)
  local text = is_off and "dim" or is_main and "on_accent" or "text"
  print_at(label, fonts.small, text, x + 14, y + (BUTTON - fonts.small:getHeight()) / 2)
  return x
end

-- While nothing is known of the progress a piece wanders, so that one sees that something happens.
local function bar(video, x, y, w, time)
  local h = 8
  box("fill", x, y, w, h, "sunken", 4)
  graphics.setColor(COLOURS[video.state == "saving" and "good" or "accent"])
  if (video.progress or 0) > 0 then
    graphics.rectangle("fill", x, y, math.max(h, w * math.min(video.shown, 100) / 100), h, 4)
  else
    local piece = w / 5
    local at = (w - piece) * (0.5 - 0.5 * math.cos(time * 1.8))
    graphics.rectangle("fill", x + at, y, piece, h, 4)
  end
end

-- ---- the videos ----

-- Each kind of card: how high it is, and how it is drawn.
local CARD = { making = 84, saving = 84, ready = 60 }

local function wrapped(video, width)
  if video.wrapped_for ~= width or video.wrapped_text ~= video.problem then
    local _, lines = fonts.small:getWrap(words.clean(video.problem or ""), width)
    video.wrapped, video.wrapped_for, video.wrapped_text = lines, width, video.problem
  end
  return video.wrapped
end

-- The buttons of a failed video stand right of its text.
local function text_width(w)
  return w - 2 * PAD - button_width "Remove" - button_width "Wait again" - 20
end

local function card_height(video, w)
  if CARD[video.state] then
    return CARD[video.state]
  end
  return PAD * 2 + 22 + #wrapped(video, text_width(w)) * 18 + 20
end

local function draw_making(video, x, y, w, game)
  local right = x + w - PAD
  local left = video.state == "making" and button("Cancel", right, y + PAD - 2, "cancel", video) or right
  line(video.title, fonts.text, "text", x + PAD, y + PAD - 2, left - x - PAD - GAP)
  local status = words.status(video)
  if (video.progress or 0) > 0 then
    status = ("%s, %d %%"):format(status, video.shown + 0.5)
  end
  print_at(status:gsub("^%l", string.upper), fonts.small, "dim", x + PAD, y + PAD + 20)
  bar(video, x + PAD, y + 62, w - 2 * PAD - 60, game.time)
  print_right(words.clock(os.time() - video.began), fonts.small, "text", right, y + 58)
end

local function draw_ready(video, x, y, w)
  local left = button("Remove", x + w - PAD, y + 15, "remove", video)
  left = button("Open", left - 8, y + 15, "play", video, true)
  local room = left - x - PAD - GAP
  line(video.title, fonts.text, "text", x + PAD, y + 11, room)
  local length = video.seconds and ("%g s"):format(video.seconds) or "done"
  print_at(length, fonts.small, "good", x + PAD, y + 33)
  local shift = fonts.small:getWidth(length) + 12
  line(video.file, fonts.small, "dim", x + PAD + shift, y + 33, room - shift)
end

local REMEDIES = { edit = "Try again", wait = "Wait again" }

local function draw_failed(video, x, y, w)
  local left = button("Remove", x + w - PAD, y + PAD - 2, "remove", video)
  if video.remedy then
    button(REMEDIES[video.remedy], left - 8, y + PAD - 2, video.remedy, video)
  end
  local room = text_width(w)
  line(video.title, fonts.text, "text", x + PAD, y + PAD - 2, room)
  local at = y + PAD + 21
  for _, text in ipairs(wrapped(video, room)) do
    print_at(text, fonts.small, video.state == "failed" and "bad" or "text", x + PAD, at)
    at = at + 18
  end
  line(video.detail, fonts.small, "dim", x + PAD, at + 1, w - 2 * PAD)
end

local DRAW = {
  making = draw_making,
  saving = draw_making,
  ready = draw_ready,
  failed = draw_failed,
  cancelled = draw_failed,
}

local STRIPE = { making = "accent", saving = "good", ready = "good", failed = "bad", cancelled = "edge" }

local function draw_videos(game, x, top, w, h)
  local videos = game.studio and game.studio.videos or {}
  if #videos == 0 then
    graphics.setFont(fonts.text)
    graphics.setColor(COLOURS.dim)
    local text = "No videos yet. Describe one above; it is made while you play."
    graphics.printf(text, x, top + h / 2 - 20, w, "center")
    return
  end
  local total = -GAP
  for _, video in ipairs(videos) do
    total = total + card_height(video, w) + GAP
  end
  game.scroll = math.max(0, math.min(game.scroll, total - h))
  clip = { y = top, h = h }
  graphics.setScissor(x, top, w + MARGIN, h)
  local y = top - game.scroll
  for _, video in ipairs(videos) do
    local height = card_height(video, w)
    if y + height > top and y < top + h then
      box("fill", x, y, w, height, "card")
      graphics.setColor(COLOURS[STRIPE[video.state]])
      graphics.rectangle("fill", x, y + 10, 3, height - 20, 1.5)
      DRAW[video.state](video, x, y, w, game)
    end
    y = y + height + GAP
  end
  if total > h then
    local size = math.max(24, h * h / total)
    box("fill", x + w + 8, top + (h - size) * game.scroll / (total - h), 4, size, "edge", 2)
  end
  graphics.setScissor()
  clip = nil
end

-- ---- the prompt ----

local function draw_field(field, x, y, w)
  local font = fonts.text
  local step = font:getHeight() + 3
  local inner = w - 2 * PAD
  local h = LINES * step + 2 * PAD - 6
  local lines = field:layout(font, inner)
  local at, caret_x = field:place()
  -- As little as needed, so that the caret is seen.
  local first = math.max(1, math.min(field.first or 1, #lines - LINES + 1))
  first = math.min(math.max(first, at - LINES + 1), at)
  field.first = first

  local area = note_area(x, y, w, h, "field")
  area.locate = function(px, py)
    return { line = first + math.floor((py - y - PAD + 3) / step), x = px - x - PAD }
  end
  box("fill", x, y, w, h, "sunken")
  box("line", x, y, w, h, field.length > field.limit and "bad" or "edge")
  if field.text == "" then
    print_at("A dragon explains recycling to a village, in 20 seconds", font, "dim", x + PAD + 5, y + PAD - 3)
  end
  for index = first, math.min(#lines, first + LINES - 1) do
    local each = lines[index]
    local text = field.text:sub(each.start + 1, each.stop)
    print_at(text, font, "text", x + PAD, y + PAD - 3 + (index - first) * step)
  end
  if #lines > LINES then
    local size = math.max(12, (h - 8) * LINES / #lines)
    local shift = (h - 8 - size) * (first - 1) / (#lines - LINES)
    box("fill", x + w - 9, y + 4 + shift, 4, size, "edge", 2)
  end
  if field.idle % (2 * BLINK) < BLINK then
    local caret = math.min(caret_x, inner)
    box("fill", x + PAD + caret, y + PAD - 2 + (at - first) * step, 2, step - 2, "accent_hot", 0)
  end
  return h
end

local function draw_below_field(game, x, y, w)
  local field = game.field
  local excess = field.length - field.limit
  local is_off = not game.studio or excess > 0 or field.length == 0
  local left = button("Make the video", x + w, y, "make", nil, true, is_off)
  local text_y = y + (BUTTON - fonts.small:getHeight()) / 2
  local count = words.count(field.length) .. " of " .. words.count(field.limit)
  local name = "dim"
  if excess > 0 then
    count, name = words.count(excess) .. (excess == 1 and " character" or " characters") .. " too many", "bad"
  end
  print_right(count, fonts.small, name, left - 16, text_y)
  local room = left - 32 - fonts.small:getWidth(count) - x
  local hint = "Enter makes it, Shift+Enter begins a line, Ctrl+V pastes"
  if fonts.small:getWidth(hint) <= room then
    print_at(hint, fonts.small, "dim", x, text_y)
  end
end

-- ---- all of it ----

local function count_making(game)
  local count = 0
  for _, video in ipairs(game.studio and game.studio.videos or {}) do
    count = count + (video.task and 1 or 0)
  end
  return count
end

local function draw_notice(text, x, y, w)
  local _, lines = fonts.small:getWrap(words.clean(text), w - 2 * PAD)
  local h = #lines * 18 + 18
  box("fill", x, y, w, h, "quiet")
  for index, each in ipairs(lines) do
    print_at(each, fonts.small, "text", x + PAD, y + 9 + (index - 1) * 18)
  end
  return h
end

---@param game table
function view.draw(game)
  areas = {}
  local width, height = graphics.getDimensions()
  local w = math.min(width - 2 * MARGIN, WIDEST)
  local x = math.floor((width - w) / 2)

  print_at("Video studio", fonts.title, "text", x, 18)
  local making = count_making(game)
  if making > 0 then
    local text = making == 1 and "1 video in the making" or making .. " videos in the making"
    print_right(text, fonts.small, "dim", x + w, 29)
  end
  local y = 60
  if game.notice then
    y = y + draw_notice(game.notice, x, y, w) + GAP
  end
  y = y + draw_field(game.field, x, y, w) + GAP
  draw_below_field(game, x, y, w)
  y = y + BUTTON + 20

  local foot = height - BUTTON - 14
  draw_videos(game, x, y, w, foot - y - 12)
  local left = button("Open folder", x + w, foot, "folder")
  local text_y = foot + (BUTTON - fonts.small:getHeight()) / 2
  local dir = words.clean(love.filesystem.getSaveDirectory())
  line("Saved in " .. dir, fonts.small, "dim", x, text_y, left - x - 16)
end

return view
