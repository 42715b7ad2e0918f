---@meta _
-- luacheck: ignore
-- Types of the methods that wait (LuaCATS), never required: see wait/job_types.lua. A target is an id, what the create
-- returned, an object of the job, or the error of an earlier wait.

---@class heygen.Videos
local videos = {}

---Waits for a video; the same as client:wait.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Video? video
---@return string? message
---@return heygen.Error? err with every id, to resume
function videos:wait(target, wait) end

---Waits for a batch of videos.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Batch? batch with all items of all pages, failed ones among them
---@return string? message
---@return heygen.Error? err
function videos:wait_batch(target, wait) end

---@class heygen.Templates
local templates = {}

---Waits for the video of a template.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Video? video
---@return string? message
---@return heygen.Error? err
function templates:wait(target, wait) end

---@class heygen.VideoTranslations
local video_translations = {}

---Waits for a translation, or for all that a create has made.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.VideoTranslation|heygen.VideoTranslation[]|nil translation a list for what create returned
---@return string? message
---@return heygen.Error? err of several: with `results` and `errors` by index
function video_translations:wait(target, wait) end

---Waits for a proofread, or for all that a create has made.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Proofread|heygen.Proofread[]|nil proofread a list for what create_proofread returned
---@return string? message
---@return heygen.Error? err of several: with `results` and `errors` by index
function video_translations:wait_proofread(target, wait) end

---Waits for a batch of translations.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.VideoTranslationBatch? batch with all items of all pages, failed ones among them
---@return string? message
---@return heygen.Error? err
function video_translations:wait_batch(target, wait) end

---@class heygen.Lipsyncs
local lipsyncs = {}

---Waits for a lip sync.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Lipsync? lipsync
---@return string? message
---@return heygen.Error? err
function lipsyncs:wait(target, wait) end

---Waits for a batch of lip syncs.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.LipsyncBatch? batch with all items of all pages, failed ones among them
---@return string? message
---@return heygen.Error? err
function lipsyncs:wait_batch(target, wait) end

---@class heygen.Hyperframes
local hyperframes = {}

---Waits for a render.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.HyperframesRender? render
---@return string? message
---@return heygen.Error? err
function hyperframes:wait(target, wait) end

---@class heygen.FillerWordRemovals
local filler_word_removals = {}

---Waits for a removal of filler words.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.FillerWordRemoval? removal
---@return string? message
---@return heygen.Error? err
function filler_word_removals:wait(target, wait) end

---@class heygen.Models
local models = {}

---Waits for an instant video, which a request to /v3/models/videos makes.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.InstantVideo? video
---@return string? message
---@return heygen.Error? err
function models:wait_video(target, wait) end

---@class heygen.AiClipping
local ai_clipping = {}

---Waits for a clipping job.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Clipping? job
---@return string? message
---@return heygen.Error? err
function ai_clipping:wait(target, wait) end

---@class heygen.BackgroundRemovals
local background_removals = {}

---Waits for a background removal.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.BackgroundRemoval? removal
---@return string? message
---@return heygen.Error? err
function background_removals:wait(target, wait) end

---@class heygen.Voices
local voices = {}

---Waits for a voice that was cloned; what was found by a description is ready.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.VoiceDetails|heygen.VoiceDetails[]|nil voice a list for what create returned
---@return string? message
---@return heygen.Error? err
function voices:wait(target, wait) end

---@class heygen.Avatars
local avatars = {}

---Waits for an avatar; what create returned is waited for as wait_look does.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.AvatarGroup|heygen.AvatarLook|nil avatar the look, for what create returned
---@return string? message
---@return heygen.Error? err kind "input_needed" while consent is missing
function avatars:wait(target, wait) end

---Waits for a look of an avatar.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.AvatarLook? look
---@return string? message
---@return heygen.Error? err kind "input_needed" while consent is missing
function avatars:wait_look(target, wait) end

---@class heygen.Assets
local assets = {}

---Waits until an asset of a direct upload can be used.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.Asset? asset
---@return string? message
---@return heygen.Error? err
function assets:wait(target, wait) end

---Waits for a batch of direct uploads.
---@param target any an id, what the create returned, the object, or the error of an earlier wait
---@param wait heygen.WaitOptions? see [options.md](options.md#waits)
---@return heygen.AssetBatch? batch with all items of all pages, failed ones among them
---@return string? message
---@return heygen.Error? err
function assets:wait_batch(target, wait) end
