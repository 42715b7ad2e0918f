-- The example game with a player that is a program: LÖVE runs this directory, which loads the game from examples/love.
local root = love.filesystem.getSource():match "^(.*)/spec/support/love$"

package.path = root .. "/examples/love/?.lua;" .. package.path
dofile(root .. "/examples/love/conf.lua")
