---@meta _
-- luacheck: ignore
-- Types of the methods made from endpoints.lua (LuaCATS). Written by docs/generate.lua, never required.

---@class heygen.Client
---@field video_agents heygen.VideoAgents
---@field videos heygen.Videos

---@class heygen.VideoAgentSessionPage : heygen.Page
---@field data heygen.VideoAgentSession[]
---@field next fun(self: heygen.VideoAgentSessionPage): heygen.VideoAgentSessionPage?, string?, heygen.Error?

---@class heygen.VideoAgentStylePage : heygen.Page
---@field data heygen.VideoAgentStyle[]
---@field next fun(self: heygen.VideoAgentStylePage): heygen.VideoAgentStylePage?, string?, heygen.Error?

---@class heygen.VideoPage : heygen.Page
---@field data heygen.Video[]
---@field next fun(self: heygen.VideoPage): heygen.VideoPage?, string?, heygen.Error?

---@class heygen.VideoAgentsCreate : heygen.PostOptions
---@field prompt string what the video shall show and say
---@field avatar_id string|lightuserdata|nil a look, not an avatar group
---@field brand_kit_id string|lightuserdata|nil colours and logo to use
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field files heygen.FileInput[]|lightuserdata|nil material: {url = ...}, {asset_id = ...} or {media_type = ..., data = base64}
---@field incognito_mode boolean? true: no memory is read or written
---@field mode "generate"|"chat"|nil generate (the default) goes on without questions
---@field orientation "landscape"|"portrait"|lightuserdata|nil chosen from the content when absent
---@field style_id string|lightuserdata|nil one of video_agents:styles()
---@field voice_id string|lightuserdata|nil the voice; chosen to fit when absent
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsList : heygen.CallOptions
---@field limit integer? items in a page, 20 when absent
---@field token string? next_token of the page before

---@class heygen.VideoAgentsGet : heygen.CallOptions

---@class heygen.VideoAgentsSend : heygen.PostOptions
---@field message string the answer or the next wish
---@field avatar_id string|lightuserdata|nil a look, not an avatar group
---@field brand_kit_id string|lightuserdata|nil colours and logo to use
---@field files heygen.FileInput[]|lightuserdata|nil material: {url = ...}, {asset_id = ...} or {media_type = ..., data = base64}
---@field voice_id string|lightuserdata|nil the voice; chosen to fit when absent
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsStop : heygen.PostOptions
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsVideos : heygen.CallOptions

---@class heygen.VideoAgentsResource : heygen.CallOptions

---@class heygen.VideoAgentsStyles : heygen.CallOptions
---@field limit integer? items in a page, 20 when absent
---@field tag string? only styles with this tag
---@field token string? next_token of the page before

---@class heygen.VideoAgents
local video_agents = {}

---Starts a session that makes a video. This costs money.
---@param fields heygen.VideoAgentsCreate
---@return heygen.VideoAgentSession? value
---@return string? message
---@return heygen.Error? err
function video_agents:create(fields) end

---Sessions, newest first.
---@param fields heygen.VideoAgentsList?
---@return heygen.VideoAgentSessionPage? value
---@return string? message
---@return heygen.Error? err
function video_agents:list(fields) end

---Status, progress, video id and newest messages of a session.
---@param session_id string|table the id, or an object that carries it
---@param fields heygen.VideoAgentsGet?
---@return heygen.VideoAgentSession? value
---@return string? message
---@return heygen.Error? err
function video_agents:get(session_id, fields) end

---Sends a message to a session in chat mode.
---@param session_id string|table the id, or an object that carries it
---@param fields heygen.VideoAgentsSend
---@return heygen.VideoAgentRun? value
---@return string? message
---@return heygen.Error? err
function video_agents:send(session_id, fields) end

---Ends the run at its next checkpoint; what is made so far stays.
---@param session_id string|table the id, or an object that carries it
---@param fields heygen.VideoAgentsStop?
---@return heygen.VideoAgentSession? value
---@return string? message
---@return heygen.Error? err
function video_agents:stop(session_id, fields) end

---All videos of a session, newest first.
---@param session_id string|table the id, or an object that carries it
---@param fields heygen.VideoAgentsVideos?
---@return heygen.Video[]? value
---@return string? message
---@return heygen.Error? err
function video_agents:videos(session_id, fields) end

---An image, draft or other resource that a message of the session names.
---@param session_id string|table the id, or an object that carries it
---@param resource_id string|table the id, or an object that carries it
---@param fields heygen.VideoAgentsResource?
---@return heygen.VideoAgentResource? value
---@return string? message
---@return heygen.Error? err
function video_agents:resource(session_id, resource_id, fields) end

---The catalogue of styles.
---@param fields heygen.VideoAgentsStyles?
---@return heygen.VideoAgentStylePage? value
---@return string? message
---@return heygen.Error? err
function video_agents:styles(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VideoAgentsList?
---@return fun(): heygen.VideoAgentSession iterator
function video_agents:each(fields) end

---@class heygen.VideosGet : heygen.CallOptions

---@class heygen.VideosList : heygen.CallOptions
---@field folder_id string? only videos in this folder
---@field limit integer? items in a page, 10 when absent
---@field title string? only videos with this text in their title
---@field token string? next_token of the page before

---@class heygen.VideosDelete : heygen.CallOptions

---@class heygen.VideosStatuses : heygen.CallOptions
---@field batch_ids string[]? batches to look at
---@field video_ids string[]? videos to look at

---@class heygen.Videos
local videos = {}

---A video, with fresh download addresses when it is completed.
---@param video_id string|table the id, or an object that carries it
---@param fields heygen.VideosGet?
---@return heygen.Video? value
---@return string? message
---@return heygen.Error? err
function videos:get(video_id, fields) end

---Videos of the account.
---@param fields heygen.VideosList?
---@return heygen.VideoPage? value
---@return string? message
---@return heygen.Error? err
function videos:list(fields) end

---Deletes a video for good.
---@param video_id string|table the id, or an object that carries it
---@param fields heygen.VideosDelete?
---@return heygen.DeletedVideo? value
---@return string? message
---@return heygen.Error? err
function videos:delete(video_id, fields) end

---Status of up to 100 videos in one request.
---@param fields heygen.VideosStatuses
---@return heygen.BulkStatus[]? value
---@return string? message
---@return heygen.Error? err
function videos:statuses(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VideosList?
---@return fun(): heygen.Video iterator
function videos:each(fields) end
