-- A game that makes videos while it draws: type a prompt, press Enter, play.
--   eval "$(make -s env LUA=luajit)"; HEYGEN_API_KEY=... love examples/love
-- studio.lua makes the videos, field.lua is the text field, view.lua draws, words.lua has the texts for players.
local heygen = require "heygen"

local new_field = require "field"
local studio = require "studio"
local view = require "view"
local words = require "words"

local BUDGET = 0.001 -- seconds of a frame that the network may take
local LONGEST_PASTE = 40000 -- bytes; wrapping more than that would be felt
local WHEEL = 60 -- how far a notch of the wheel scrolls

local game = { field = new_field(), scroll = 0, notice = nil, leaving = false }

-- An address on this machine is a simulator, for which minutes are seconds: it is polled more often.
local function pace()
  local base = os.getenv "HEYGEN_API_BASE" or ""
  return base:find "^https?://127%." and 0.25 or nil
end

function love.load()
  love.keyboard.setKeyRepeat(true)
  love.filesystem.createDirectory "" -- LÖVE makes it with the first file only
  view.load()
  -- Here, not in a frame: making the first client loads libcurl, which takes some 30 ms.
  local made, client = pcall(heygen.new)
  if not made then
    game.notice = words.no_client(client)
    return
  end
  game.studio = studio.new { client = client, dir = love.filesystem.getSaveDirectory(), pause = pace() }
end

function love.update(dt)
  view.update(game, dt)
  if game.studio then
    game.studio.client:update(BUDGET)
  end
  if game.leaving and not game.studio:is_ordering() then
    love.event.quit()
  end
end

function love.draw()
  view.draw(game)
end

-- An order that is being sent may be paid for already; its id is not known yet. So leaving waits for it, once.
function love.quit()
  if game.studio and game.studio:is_ordering() and not game.leaving then
    game.leaving = true
    game.notice =
      "An order is on its way. The game ends when it has been answered; close again to end it now."
    return true
  end
end

-- ---- what the player does ----

local actions = {}

function actions.make()
  local field = game.field
  if not game.studio or field.length == 0 or field.length > field.limit then
    return
  end
  game.studio:make(field.prompt)
  field:clear()
  game.notice, game.scroll = nil, 0
end

function actions.cancel(video)
  game.studio:cancel(video)
end

function actions.remove(video)
  game.studio:remove(video)
end

function actions.wait(video)
  game.studio:resume(video)
end

-- The prompt goes back into the field, to be changed or sent again.
function actions.edit(video)
  game.field:clear()
  game.field:insert(video.prompt)
  game.studio:remove(video)
end

local function open(path)
  if not love.system.openURL("file://" .. words.url_path(path)) then
    game.notice = "Nothing here opens it. The file: " .. path
  end
end

function actions.play(video)
  open(game.studio:path(video))
end

function actions.folder()
  open(love.filesystem.getSaveDirectory())
end

local function paste()
  local text = love.system.getClipboardText()
  if #text > LONGEST_PASTE then
    game.notice = "The text to paste is too long."
  elseif not game.field:insert(text) then
    game.notice = "What was copied is no text."
  end
end

function love.textinput(text)
  game.field:insert(text)
end

function love.keypressed(key)
  if key == "return" or key == "kpenter" then
    if love.keyboard.isDown("lshift", "rshift") then
      game.field:insert "\n"
    else
      actions.make()
    end
  elseif key == "v" and love.keyboard.isDown("lctrl", "rctrl", "lgui", "rgui") then
    paste()
  elseif key == "escape" then
    game.notice = nil
  else
    game.field:key(key)
  end
end

function love.mousepressed(x, y, button)
  if button == 1 then
    local name, argument = view.at(x, y)
    if actions[name] then
      actions[name](argument)
    elseif name == "field" then
      game.field:click(argument.line, argument.x)
    end
  end
end

function love.wheelmoved(_, y)
  game.scroll = game.scroll - y * WHEEL -- view.draw keeps it within bounds
end
