-- A view becomes a line: for a terminal of a given width, or for a file.
local cells = require "heygen.progress.cells"
local clock = require("heygen.progress.view").clock

local line = {}

local concat, floor, format, min, rep = table.concat, math.floor, string.format, math.min, string.rep

local NARROWEST, WIDEST = 5, 40 -- cells of the bar; narrower ones show nothing, wider ones add nothing
-- Cells kept for the text behind the bar, and how many the bar must then have: of a transfer's bytes, rate and time
-- left more is shown the wider the terminal is.
local DETAILS = 15
local TRANSFER_DETAILS = {
  { room = 41, least = 10 }, -- 123.4 of 456.7 MB, 12.3 MB/s, 1:23 left
  { room = 29, least = 8 }, -- 123.4 of 456.7 MB, 12.3 MB/s
  { room = DETAILS, least = 0 },
}
local SHORTEST_LABEL = 4 -- cells; of a name that is cut more nothing is to be recognised

line.LABEL = 20 -- cells of a label at most

local PLAIN_STYLE = { full = "#", empty = ".", mark = ".." }

-- An estimate says so.
local function percent_text(view)
  return view.percent and format(view.estimated and "~%2d %%" or "%3d %%", view.percent) or "     "
end

-- As many details as fit, but at least the beginning of the first.
local function fit(details, room)
  local text = details[1]
  if cells.width(text) > room then
    return room > 0 and cells.cut(text, room, "") or ""
  end
  for index = 2, #details do
    if cells.width(text) + 2 + cells.width(details[index]) > room then
      break
    end
    text = text .. ", " .. details[index]
  end
  return text
end

-- How many cells the bar gets; 0: there is no room for one.
local function bar_width(view, room)
  local width = room - DETAILS - 1
  if view.amount then
    for _, each in ipairs(TRANSFER_DETAILS) do
      width = room - each.room - 1
      if width >= each.least then
        break
      end
    end
  end
  return width >= NARROWEST and min(WIDEST, width) or 0
end

---How many cells labels get on a terminal of this width; 0: none fits.
---@param columns integer
---@param widest integer cells of the longest
---@return integer
function line.label_room(columns, widest)
  local room = min(widest, line.LABEL, floor((columns - 1) / 3))
  return room < min(widest, SHORTEST_LABEL) and 0 or room
end

---The line for a terminal.
---@param view heygen.progress.View
---@param columns integer width of the terminal; the line is one shorter, since a full one would wrap
---@param style table? full, empty: the text of one cell; mark: for what is cut; colour: boolean
---@param label string?
---@param label_room integer? cells that the labels of all lines get
---@return string
function line.drawn(view, columns, style, label, label_room)
  style = style or PLAIN_STYLE
  local head = format("%5s ", clock(view.elapsed))
  label_room = label_room or (label and line.label_room(columns, cells.width(label)) or 0)
  if label_room > 0 then
    head = cells.pad(cells.cut(label or "", label_room, style.mark), label_room) .. " " .. head
  end
  local room = columns - 1 - cells.width(head)
  if room < 0 then
    return cells.cut(head, columns - 1, "")
  end
  local percent = percent_text(view) .. " "
  if #percent > room then
    return head
  end
  room = room - #percent
  local width = bar_width(view, room)
  local parts = { head }
  if width > 0 then
    local filled = floor(width * (view.percent or 0) / 100)
    local full, empty = rep(style.full, filled), rep(style.empty, width - filled)
    if style.colour then
      full = (view.failed and "\27[31m" or "\27[32m") .. full
      empty = "\27[90m" .. empty .. "\27[0m"
    end
    parts[#parts + 1] = full .. empty .. " "
    room = room - width - 1
  end
  parts[#parts + 1] = percent
  parts[#parts + 1] = fit(view.details, room)
  return concat(parts)
end

---The line for a file or a pipe, however long.
---@param view heygen.progress.View
---@param label string?
---@param style table?
---@return string
function line.plain(view, label, style)
  local details = concat(view.details, ", ")
  if style and style.colour and view.failed then
    details = "\27[31m" .. details .. "\27[0m"
  end
  return format("%s%5s %s %s", label and label .. " " or "", clock(view.elapsed), percent_text(view), details)
end

return line
