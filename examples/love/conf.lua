-- Read by LÖVE before anything else: the window, the name of the directory that the videos are saved in, and where the
-- C modules are when the game is shipped: next to the .love file or the executable.
local base = love.filesystem.getSourceBaseDirectory()
package.cpath = base .. "/?.so;" .. package.cpath

function love.conf(t)
  t.identity = "heygen-studio"
  t.version = "11.4"
  t.window.title = "Video studio"
  t.window.width, t.window.height = 800, 600
  t.window.minwidth, t.window.minheight = 480, 420
  t.window.resizable = true
  t.window.highdpi = true
  for _, unused in ipairs { "audio", "joystick", "physics", "sound", "video" } do
    t.modules[unused] = false
  end
end
