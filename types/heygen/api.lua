---@meta _
-- luacheck: ignore
-- Types of the methods made from lua/heygen/endpoints/ (LuaCATS). Written by docs/generate.lua, never required.

---@class heygen.Client
---@field video_agents heygen.VideoAgents
---@field videos heygen.Videos
---@field assets heygen.Assets
---@field webhooks heygen.Webhooks
---@field users heygen.Users
---@field voices heygen.Voices
---@field audio heygen.Audio
---@field avatars heygen.Avatars
---@field brand_kits heygen.BrandKits
---@field brand_glossaries heygen.BrandGlossaries
---@field templates heygen.Templates
---@field video_translations heygen.VideoTranslations
---@field lipsyncs heygen.Lipsyncs
---@field background_removals heygen.BackgroundRemovals
---@field ai_clipping heygen.AiClipping
---@field filler_word_removals heygen.FillerWordRemovals
---@field hyperframes heygen.Hyperframes
---@field folders heygen.Folders
---@field models heygen.Models

---@class heygen.VideoAgentSessionPage : heygen.Page
---@field data heygen.VideoAgentSession[]
---@field next fun(self: heygen.VideoAgentSessionPage): heygen.VideoAgentSessionPage?, string?, heygen.Error?

---@class heygen.VideoAgentStylePage : heygen.Page
---@field data heygen.VideoAgentStyle[]
---@field next fun(self: heygen.VideoAgentStylePage): heygen.VideoAgentStylePage?, string?, heygen.Error?

---@class heygen.VideoPage : heygen.Page
---@field data heygen.Video[]
---@field next fun(self: heygen.VideoPage): heygen.VideoPage?, string?, heygen.Error?

---@class heygen.AssetPage : heygen.Page
---@field data heygen.Asset[]
---@field next fun(self: heygen.AssetPage): heygen.AssetPage?, string?, heygen.Error?

---@class heygen.FoundAssetPage : heygen.Page
---@field data heygen.FoundAsset[]
---@field next fun(self: heygen.FoundAssetPage): heygen.FoundAssetPage?, string?, heygen.Error?

---@class heygen.WebhookEndpointPage : heygen.Page
---@field data heygen.WebhookEndpoint[]
---@field next fun(self: heygen.WebhookEndpointPage): heygen.WebhookEndpointPage?, string?, heygen.Error?

---@class heygen.WebhookEventPage : heygen.Page
---@field data heygen.WebhookEvent[]
---@field next fun(self: heygen.WebhookEventPage): heygen.WebhookEventPage?, string?, heygen.Error?

---@class heygen.VoicePage : heygen.Page
---@field data heygen.Voice[]
---@field next fun(self: heygen.VoicePage): heygen.VoicePage?, string?, heygen.Error?

---@class heygen.SoundPage : heygen.Page
---@field data heygen.Sound[]
---@field next fun(self: heygen.SoundPage): heygen.SoundPage?, string?, heygen.Error?

---@class heygen.AvatarGroupPage : heygen.Page
---@field data heygen.AvatarGroup[]
---@field next fun(self: heygen.AvatarGroupPage): heygen.AvatarGroupPage?, string?, heygen.Error?

---@class heygen.AvatarLookPage : heygen.Page
---@field data heygen.AvatarLook[]
---@field next fun(self: heygen.AvatarLookPage): heygen.AvatarLookPage?, string?, heygen.Error?

---@class heygen.BrandKitPage : heygen.Page
---@field data heygen.BrandKit[]
---@field next fun(self: heygen.BrandKitPage): heygen.BrandKitPage?, string?, heygen.Error?

---@class heygen.BrandGlossaryPage : heygen.Page
---@field data heygen.BrandGlossary[]
---@field next fun(self: heygen.BrandGlossaryPage): heygen.BrandGlossaryPage?, string?, heygen.Error?

---@class heygen.TemplatePage : heygen.Page
---@field data heygen.Template[]
---@field next fun(self: heygen.TemplatePage): heygen.TemplatePage?, string?, heygen.Error?

---@class heygen.VideoTranslationPage : heygen.Page
---@field data heygen.VideoTranslation[]
---@field next fun(self: heygen.VideoTranslationPage): heygen.VideoTranslationPage?, string?, heygen.Error?

---@class heygen.LipsyncPage : heygen.Page
---@field data heygen.Lipsync[]
---@field next fun(self: heygen.LipsyncPage): heygen.LipsyncPage?, string?, heygen.Error?

---@class heygen.BackgroundRemovalPage : heygen.Page
---@field data heygen.BackgroundRemoval[]
---@field next fun(self: heygen.BackgroundRemovalPage): heygen.BackgroundRemovalPage?, string?, heygen.Error?

---@class heygen.ClippingPage : heygen.Page
---@field data heygen.Clipping[]
---@field next fun(self: heygen.ClippingPage): heygen.ClippingPage?, string?, heygen.Error?

---@class heygen.HyperframesRenderPage : heygen.Page
---@field data heygen.HyperframesRender[]
---@field next fun(self: heygen.HyperframesRenderPage): heygen.HyperframesRenderPage?, string?, heygen.Error?

---@alias heygen.EventName "avatar_video.success"|"avatar_video.fail"|"avatar_video_gif.success"|"avatar_video_gif.fail"|"video_translate.success"|"video_translate.fail"|"video_translate.preflight.validation_failed"|"video_translate.preflight.download_failed"|"personalized_video"|"instant_avatar.success"|"instant_avatar.fail"|"photo_avatar_generation.success"|"photo_avatar_generation.fail"|"photo_avatar_train.success"|"photo_avatar_train.fail"|"photo_avatar_add_motion.success"|"photo_avatar_add_motion.fail"|"proofread_creation.success"|"proofread_creation.fail"|"live_avatar.success"|"live_avatar.fail"|"avatar_video_caption.success"|"avatar_video_caption.fail"|"video_agent.success"|"video_agent.fail"|"hyperframes_video.success"|"hyperframes_video.fail"|"ai_clipping.success"|"ai_clipping.fail"|"batch.finished"|"filler_word_removal.success"|"filler_word_removal.fail"

---@class heygen.Background
---@field type "color"|"image" what it is
---@field asset_id string|lightuserdata|nil of an image
---@field url string|lightuserdata|nil of an image
---@field value string|lightuserdata|nil of a color: #rrggbb

---@class heygen.Caption
---@field file_format "srt"? format of the file (default srt)
---@field style "default"|lightuserdata|nil burns them into the picture as well

---@class heygen.AvatarEngine
---@field type "avatar_iii"|"avatar_iv"|"avatar_v" which of the forms this is
---@field reference_look_id string|lightuserdata|nil of avatar_v: a recorded look of the same group, to take the motion from

---@class heygen.VoiceSettings
---@field engine_settings heygen.EngineSettings|lightuserdata|nil what only this engine knows
---@field locale string|lightuserdata|nil accent, such as en-GB
---@field pitch number? how much higher or lower (default 0)
---@field speed number? how fast (default 1)
---@field volume number? how loud (default 1)

---@class heygen.EngineSettings
---@field engine_type "elevenlabs"|"fish"|"starfish" which of the forms this is
---@field model "eleven_multilingual_v2"|"eleven_turbo_v2_5"|"eleven_flash_v2_5"|"eleven_v3"|lightuserdata|"s1"|"s2-pro"|nil of elevenlabs, fish: the model of the voice
---@field similarity number|lightuserdata|nil of fish: closeness to the original voice
---@field similarity_boost number|lightuserdata|nil of elevenlabs: closeness to the original voice
---@field stability number|lightuserdata|nil of elevenlabs, fish: evenness of the speech
---@field style number|lightuserdata|nil of elevenlabs: exaggeration of the style
---@field use_speaker_boost boolean|lightuserdata|nil of elevenlabs: true: closer to the speaker, slower

---@class heygen.Watermark
---@field image string|heygen.FileInput what to show
---@field opacity number? how opaque (default 1)
---@field placement heygen.Placement|lightuserdata|nil where it stands
---@field scale number? size (default 1)

---@class heygen.Placement
---@field offset_x number|lightuserdata|nil pixels from the side
---@field offset_y number|lightuserdata|nil pixels from the top or bottom
---@field position "top_left"|"top_right"|"bottom_left"|"bottom_right"|nil the corner (default bottom_right)

---@class heygen.Scene
---@field type "avatar_video"|"image"|"video" which of the forms this is
---@field audio_asset_id string|lightuserdata|nil of image: an uploaded recording instead of a script
---@field audio_url string|lightuserdata|nil of image: a recording instead of a script
---@field duration number|lightuserdata|nil of image: seconds; as long as its sound when absent
---@field input heygen.SceneInput? of avatar_video: who speaks
---@field playback heygen.Playback|lightuserdata|nil of video: how its sound is played
---@field script string|lightuserdata|nil of image: what is said
---@field source string|heygen.FileInput|nil of image, video: the picture
---@field voice_id string|lightuserdata|nil of image: one of voices:list(); needed for a script
---@field voice_settings heygen.VoiceSettings|lightuserdata|nil of image: how the voice speaks

---@class heygen.SceneInput
---@field type "avatar"|"image"|nil which of the forms this is
---@field audio_asset_id string|lightuserdata|nil an uploaded recording instead of a script
---@field audio_url string|lightuserdata|nil a recording instead of a script
---@field avatar_id string? of avatar: a look, one of avatars:looks(); not an avatar group
---@field background heygen.SceneBackground|lightuserdata|nil of avatar: what is behind the speaker
---@field engine heygen.AvatarEngine|lightuserdata|nil of avatar: the engine that renders, avatar_iv when absent
---@field expressiveness "high"|"medium"|"low"|lightuserdata|nil how lively the face is; of pictures and photo avatars, with avatar_iv alone, low when absent
---@field image string|heygen.FileInput|nil of image: the picture that speaks
---@field motion_prompt string|lightuserdata|nil how the body moves; of other avatars than photo avatars with avatar_v alone
---@field script string|lightuserdata|nil what is said
---@field voice_id string|lightuserdata|nil one of voices:list(); the avatar's own when absent
---@field voice_settings heygen.VoiceSettings|lightuserdata|nil how the voice speaks

---@class heygen.SceneBackground
---@field type "color"|"image"|"video"|nil which of the forms this is
---@field asset_id string|lightuserdata|nil of image, video: a picture, uploaded
---@field color string? of color: #rrggbb
---@field url string|lightuserdata|nil of image, video: a picture

---@class heygen.Playback
---@field mute boolean? true: without its sound (default false)
---@field volume number? how loud (default 1)

---@class heygen.VideoBody
---@field type "avatar"|"cinematic_avatar"|"image"|"studio"|nil which of the forms this is
---@field aspect_ratio "16:9"|"9:16"|"4:5"|"5:4"|"1:1"|"auto"|lightuserdata|nil form of the picture (default 16:9)
---@field audio_asset_id string|lightuserdata|nil of avatar, image: an uploaded recording instead of a script
---@field audio_url string|lightuserdata|nil of avatar, image: a recording instead of a script
---@field auto_duration boolean? of cinematic_avatar: true: as long as it needs (default false)
---@field avatar_id string|string[]|nil of avatar, cinematic_avatar: a look, one of avatars:looks(); not an avatar group
---@field background heygen.Background|lightuserdata|nil of avatar, image: what is behind the speaker
---@field callback_id string|lightuserdata|nil of avatar, image, studio: comes back in the callback
---@field callback_url string|lightuserdata|nil of avatar, image, studio: called at the end, without a signature
---@field caption heygen.Caption|lightuserdata|nil of avatar, image, studio: subtitles
---@field duration integer|lightuserdata|nil of cinematic_avatar: seconds (default 10)
---@field engine heygen.AvatarEngine|lightuserdata|nil of avatar: the engine that renders, avatar_iv when absent
---@field enhance_prompt boolean? of cinematic_avatar: true: the service may rewrite the prompt (default false)
---@field expressiveness "high"|"medium"|"low"|lightuserdata|nil of avatar, image: how lively the face is; of pictures and photo avatars, with avatar_iv alone, low when absent
---@field fit "contain"|"cover"|lightuserdata|nil of avatar, image: how the picture fills the frame
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field image string|heygen.FileInput|nil of image: the picture that speaks
---@field motion_prompt string|lightuserdata|nil of avatar, image: how the body moves; of other avatars than photo avatars with avatar_v alone
---@field output_format "mp4"|"webm"|nil of avatar, image: webm has a transparent background (default mp4)
---@field prompt string? of cinematic_avatar: what the video must show
---@field references (string|heygen.FileInput)[]|lightuserdata|nil of cinematic_avatar: 3 videos and 9 images at most
---@field remove_background boolean|lightuserdata|nil of avatar, image: true: the speaker alone
---@field resolution "4k"|"1080p"|"720p"|lightuserdata|nil size of the picture
---@field scenes heygen.Scene[]? of studio: its parts, in order
---@field script string|lightuserdata|nil of avatar, image: what is said
---@field title string|lightuserdata|nil a name to find it by
---@field voice_id string|lightuserdata|nil of avatar, image: one of voices:list(); the avatar's own when absent
---@field voice_settings heygen.VoiceSettings|lightuserdata|nil of avatar, image: how the voice speaks
---@field watermark heygen.Watermark|lightuserdata|nil of avatar, image, studio: an image over the video

---@class heygen.FileToUpload
---@field content_type string its media type, such as video/mp4
---@field filename string its name
---@field size_bytes integer its length
---@field checksum_sha256 string|lightuserdata|nil in hex; the storage refuses other bytes

---@class heygen.Dimension
---@field height integer pixels
---@field width integer pixels

---@class heygen.TemplateSubtitles
---@field preset_name string the name of the style
---@field alignment integer|lightuserdata|nil where a line stands (default 2)
---@field disable_highlight boolean|lightuserdata|nil true: the word that is spoken is not highlighted (default false)
---@field font_size integer|lightuserdata|nil size of the letters
---@field position heygen.TemplatePosition|lightuserdata|nil moves them

---@class heygen.TemplatePosition
---@field x number? to the right (default 0)
---@field y number? down (default 0)

---@class heygen.StockVoices
---@field preferred_stock_voice_ids string[]? which ones, if they fit
---@field use_stock_voice boolean? true: take them (default false)

---@class heygen.VideoTranslationBody
---@field output_languages string[] some of video_translations:languages()
---@field video string|heygen.FileReference the video to work on
---@field audio string|heygen.FileReference|lightuserdata|nil the sound, when it is not in the video
---@field brand_glossary_id string|lightuserdata|nil one of brand_glossaries:list()
---@field brand_voice_id string|lightuserdata|nil the older name of brand_glossary_id
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field disable_music_track boolean? true: without the music of the video (default false)
---@field enable_caption boolean? true: with subtitles (default false)
---@field enable_dynamic_duration boolean? false: the video keeps its length (default true)
---@field enable_speech_enhancement boolean? true: the speech is made clearer (default false)
---@field enable_watermark boolean? true: with a watermark (default false)
---@field end_time number|lightuserdata|nil seconds; where to end
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field fps_mode "vfr"|"cfr"|"passthrough"|lightuserdata|nil how frames are timed, where audio is given
---@field input_language string|lightuserdata|nil what is spoken; found out when absent
---@field keep_the_same_format boolean|lightuserdata|nil true: the format of the video given
---@field mode "speed"|"precision"|nil what matters more (default speed)
---@field speaker_num integer|lightuserdata|nil how many people speak; found out when absent
---@field srt string|heygen.FileReference|lightuserdata|nil subtitles of the video
---@field srt_role "input"|"output"|lightuserdata|nil which language the subtitles are in: that of the video, or the new one
---@field start_time number|lightuserdata|nil seconds; where to begin
---@field stock_voice_config heygen.StockVoices|lightuserdata|nil voices of the catalogue instead of those of the video
---@field title string|lightuserdata|nil a name to find it by
---@field translate_audio_only boolean? true: the sound alone, the lips stay (default false)

---@class heygen.LipsyncBody
---@field audio string|heygen.FileReference the new sound
---@field video string|heygen.FileReference the video to work on
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field disable_music_track boolean? true: without the music of the video (default false)
---@field enable_caption boolean? true: with subtitles (default false)
---@field enable_dynamic_duration boolean? false: the video keeps its length (default true)
---@field enable_speech_enhancement boolean? true: the speech is made clearer (default false)
---@field enable_watermark boolean? true: with a watermark (default false)
---@field end_time number|lightuserdata|nil seconds; where to end
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field fps_mode string|lightuserdata|nil how frames are timed
---@field keep_the_same_format boolean|lightuserdata|nil true: the format of the video given
---@field mode "speed"|"precision"|nil what matters more (default speed)
---@field start_time number|lightuserdata|nil seconds; where to begin
---@field title string|lightuserdata|nil a name to find it by

---@class heygen.ClipSettings
---@field aspect_ratio "landscape"|"portrait"|"square"|nil form of the picture (default portrait)
---@field caption_style string|lightuserdata|nil the style of the subtitles
---@field captions boolean? false: without subtitles (default true)
---@field duration_types ("30"|"60"|"180"|"long")[]|nil how long clips may be, in seconds
---@field prompt string|lightuserdata|nil what the clips must be about

---@class heygen.VideoAgentsCreate : heygen.PostOptions, heygen.FileOptions
---@field prompt string what the video must show and say
---@field avatar_id string|lightuserdata|nil a look, not an avatar group
---@field brand_glossary_id string|lightuserdata|nil one of brand_glossaries:list()
---@field brand_kit_id string|lightuserdata|nil colours and logo to use
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field files (string|heygen.FileInput)[]|lightuserdata|nil material: paths, https addresses, {asset_id = ...}, {bytes = ...} or {media_type = ..., data = base64}
---@field incognito_mode boolean? true: no memory is read or written (default false)
---@field mode "generate"|"chat"|nil generate asks no questions (default generate)
---@field orientation "landscape"|"portrait"|lightuserdata|nil chosen from the content when absent
---@field style_id string|lightuserdata|nil one of video_agents:styles()
---@field voice_id string|lightuserdata|nil the voice; chosen to fit when absent
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsList : heygen.CallOptions
---@field limit integer? items in a page (default 20)
---@field token string? next_token of the page before

---@class heygen.VideoAgentsGet : heygen.CallOptions

---@class heygen.VideoAgentsSend : heygen.PostOptions, heygen.FileOptions
---@field avatar_id string|lightuserdata|nil a look, not an avatar group
---@field brand_kit_id string|lightuserdata|nil colours and logo to use
---@field files (string|heygen.FileInput)[]|lightuserdata|nil material: paths, https addresses, {asset_id = ...}, {bytes = ...} or {media_type = ..., data = base64}
---@field message string? the answer or the next wish; may be left out, as when files say it all
---@field voice_id string|lightuserdata|nil the voice; chosen to fit when absent
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsStop : heygen.PostOptions
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoAgentsVideos : heygen.CallOptions

---@class heygen.VideoAgentsResource : heygen.CallOptions

---@class heygen.VideoAgentsStyles : heygen.CallOptions
---@field limit integer? items in a page (default 20)
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
---@param fields heygen.VideoAgentsSend?
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

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VideoAgentsStyles?
---@return fun(): heygen.VideoAgentStyle iterator
function video_agents:each_style(fields) end

---@class heygen.VideosCreate : heygen.PostOptions, heygen.FileOptions
---@field type "avatar"|"cinematic_avatar"|"image"|"studio"|nil which of the forms this is
---@field aspect_ratio "16:9"|"9:16"|"4:5"|"5:4"|"1:1"|"auto"|lightuserdata|nil form of the picture (default 16:9)
---@field audio_asset_id string|lightuserdata|nil of avatar, image: an uploaded recording instead of a script
---@field audio_url string|lightuserdata|nil of avatar, image: a recording instead of a script
---@field auto_duration boolean? of cinematic_avatar: true: as long as it needs (default false)
---@field avatar_id string|string[]|nil of avatar, cinematic_avatar: a look, one of avatars:looks(); not an avatar group
---@field background heygen.Background|lightuserdata|nil of avatar, image: what is behind the speaker
---@field callback_id string|lightuserdata|nil of avatar, image, studio: comes back in the callback
---@field callback_url string|lightuserdata|nil of avatar, image, studio: called at the end, without a signature
---@field caption heygen.Caption|lightuserdata|nil of avatar, image, studio: subtitles
---@field duration integer|lightuserdata|nil of cinematic_avatar: seconds (default 10)
---@field engine heygen.AvatarEngine|lightuserdata|nil of avatar: the engine that renders, avatar_iv when absent
---@field enhance_prompt boolean? of cinematic_avatar: true: the service may rewrite the prompt (default false)
---@field expressiveness "high"|"medium"|"low"|lightuserdata|nil of avatar, image: how lively the face is; of pictures and photo avatars, with avatar_iv alone, low when absent
---@field fit "contain"|"cover"|lightuserdata|nil of avatar, image: how the picture fills the frame
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field image string|heygen.FileInput|nil of image: the picture that speaks
---@field motion_prompt string|lightuserdata|nil of avatar, image: how the body moves; of other avatars than photo avatars with avatar_v alone
---@field output_format "mp4"|"webm"|nil of avatar, image: webm has a transparent background (default mp4)
---@field prompt string? of cinematic_avatar: what the video must show
---@field references (string|heygen.FileInput)[]|lightuserdata|nil of cinematic_avatar: 3 videos and 9 images at most
---@field remove_background boolean|lightuserdata|nil of avatar, image: true: the speaker alone
---@field resolution "4k"|"1080p"|"720p"|lightuserdata|nil size of the picture
---@field scenes heygen.Scene[]? of studio: its parts, in order
---@field script string|lightuserdata|nil of avatar, image: what is said
---@field title string|lightuserdata|nil a name to find it by
---@field voice_id string|lightuserdata|nil of avatar, image: one of voices:list(); the avatar's own when absent
---@field voice_settings heygen.VoiceSettings|lightuserdata|nil of avatar, image: how the voice speaks
---@field watermark heygen.Watermark|lightuserdata|nil of avatar, image, studio: an image over the video
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideosGet : heygen.CallOptions

---@class heygen.VideosList : heygen.CallOptions
---@field folder_id string? only videos in this folder
---@field limit integer? items in a page (default 10)
---@field title string? only videos with this text in their title
---@field token string? next_token of the page before

---@class heygen.VideosDelete : heygen.CallOptions

---@class heygen.VideosStatuses : heygen.CallOptions
---@field batch_ids string[]? batches to show
---@field video_ids string[]? videos to show

---@class heygen.VideosCreateBatch : heygen.PostOptions, heygen.FileOptions
---@field videos heygen.VideoBody[] what videos:create takes, for each
---@field callback_url string|lightuserdata|nil called once, when every item has ended
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideosGetBatch : heygen.CallOptions
---@field limit integer? items in a page (default 100)
---@field token string? next_token of the page before

---@class heygen.Videos
local videos = {}

---Makes a video without an agent: a speaking avatar, a speaking picture, a cinematic scene, or scenes one after the other. This costs money.
---@param fields heygen.VideosCreate
---@return heygen.VideoCreated? value
---@return string? message
---@return heygen.Error? err
function videos:create(fields) end

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
---@param video_id string|table the id, or the object whose own id it is
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

---Makes up to 100 videos. This costs money.
---@param fields heygen.VideosCreateBatch
---@return heygen.BatchCreated? value
---@return string? message
---@return heygen.Error? err
function videos:create_batch(fields) end

---A batch with a page of its items.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.VideosGetBatch?
---@return heygen.Batch? value
---@return string? message
---@return heygen.Error? err
function videos:get_batch(batch_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VideosList?
---@return fun(): heygen.Video iterator
function videos:each(fields) end

---All items of the batch, page after page. A failure is raised as an error object.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.VideosGetBatch?
---@return fun(): heygen.BatchItem iterator
function videos:each_batch_item(batch_id, fields) end

---@class heygen.AssetsCreate : heygen.PostOptions
---@field file string|heygen.UploadContent a path, {data = ..., filename = ...} or a reader
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AssetsGet : heygen.CallOptions

---@class heygen.AssetsList : heygen.CallOptions
---@field username string whose assets: the `owner` of an asset, the `username` of users:me()
---@field folder_id string? only assets in this folder; empty: in none
---@field limit integer? items in a page (default 20)
---@field token string? next_token of the page before

---@class heygen.AssetsSearch : heygen.CallOptions
---@field query string what it must show
---@field type "image"|"icon" what to search for
---@field limit integer? items in a page (default 20)
---@field scope "public"|"personal"|nil whose files (default public)
---@field token string? next_token of the page before

---@class heygen.AssetsStatuses : heygen.CallOptions
---@field asset_ids string[]? assets to show
---@field batch_ids string[]? batches to show

---@class heygen.AssetsDelete : heygen.CallOptions

---@class heygen.AssetsCreateDirectUpload : heygen.PostOptions
---@field content_type string its media type, such as video/mp4
---@field filename string its name
---@field size_bytes integer its length
---@field checksum_sha256 string|lightuserdata|nil in hex; the storage refuses other bytes
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AssetsComplete : heygen.PostOptions
---@field checksum_sha256 string|lightuserdata|nil in hex; the storage refuses other bytes
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AssetsCreateDirectUploadBatch : heygen.PostOptions
---@field files heygen.FileToUpload[] what assets:create_direct_upload takes, for each
---@field callback_url string|lightuserdata|nil reserved: assets do not call back yet
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AssetsCompleteBatch : heygen.PostOptions
---@field batch_id string the batch of direct uploads
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AssetsGetBatch : heygen.CallOptions
---@field limit integer? items in a page (default 100)
---@field token string? next_token of the page before

---@class heygen.Assets
local assets = {}

---Uploads a file of up to 32 MB. `client.assets:upload` takes larger ones as well.
---@param fields heygen.AssetsCreate
---@return heygen.UploadedAsset? value
---@return string? message
---@return heygen.Error? err
function assets:create(fields) end

---An asset.
---@param asset_id string|table the id, or an object that carries it
---@param fields heygen.AssetsGet?
---@return heygen.Asset? value
---@return string? message
---@return heygen.Error? err
function assets:get(asset_id, fields) end

---Assets of a user, newest first.
---@param fields heygen.AssetsList
---@return heygen.AssetPage? value
---@return string? message
---@return heygen.Error? err
function assets:list(fields) end

---Images and icons that fit a description.
---@param fields heygen.AssetsSearch
---@return heygen.FoundAssetPage? value
---@return string? message
---@return heygen.Error? err
function assets:search(fields) end

---Status of up to 100 assets in one request.
---@param fields heygen.AssetsStatuses
---@return heygen.AssetStatus[]? value
---@return string? message
---@return heygen.Error? err
function assets:statuses(fields) end

---Deletes an asset.
---@param asset_id string|table the id, or the object whose own id it is
---@param fields heygen.AssetsDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function assets:delete(asset_id, fields) end

---Asks for an address to which a file is put without the API key; assets:complete ends it.
---@param fields heygen.AssetsCreateDirectUpload
---@return heygen.DirectUpload? value
---@return string? message
---@return heygen.Error? err
function assets:create_direct_upload(fields) end

---Tells that the bytes of a direct upload are there.
---@param asset_id string|table the id, or an object that carries it
---@param fields heygen.AssetsComplete?
---@return heygen.UploadedAsset? value
---@return string? message
---@return heygen.Error? err
function assets:complete(asset_id, fields) end

---Asks for the addresses of up to 100 direct uploads.
---@param fields heygen.AssetsCreateDirectUploadBatch
---@return heygen.DirectUploadBatch? value
---@return string? message
---@return heygen.Error? err
function assets:create_direct_upload_batch(fields) end

---Tells that the bytes of all direct uploads of a batch are there.
---@param fields heygen.AssetsCompleteBatch
---@return heygen.BatchCreated? value
---@return string? message
---@return heygen.Error? err
function assets:complete_batch(fields) end

---A batch of direct uploads with a page of its items.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.AssetsGetBatch?
---@return heygen.AssetBatch? value
---@return string? message
---@return heygen.Error? err
function assets:get_batch(batch_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AssetsList
---@return fun(): heygen.Asset iterator
function assets:each(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AssetsSearch
---@return fun(): heygen.FoundAsset iterator
function assets:each_found(fields) end

---All items of the batch, page after page. A failure is raised as an error object.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.AssetsGetBatch?
---@return fun(): heygen.AssetBatchItem iterator
function assets:each_batch_item(batch_id, fields) end

---@class heygen.WebhooksCreateEndpoint : heygen.PostOptions
---@field url string where the events go, public
---@field entity_id string|lightuserdata|nil only of this thing
---@field events heygen.EventName[]|lightuserdata|nil which to tell; all when absent
---@field extra table<string, any>? fields that this version does not know

---@class heygen.WebhooksListEndpoints : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.WebhooksUpdateEndpoint : heygen.CallOptions
---@field events heygen.EventName[]|lightuserdata|nil the whole new list; null: all
---@field url string|lightuserdata|nil the new address
---@field extra table<string, any>? fields that this version does not know

---@class heygen.WebhooksDeleteEndpoint : heygen.CallOptions

---@class heygen.WebhooksRotateSecret : heygen.PostOptions

---@class heygen.WebhooksEventTypes : heygen.CallOptions

---@class heygen.WebhooksEvents : heygen.CallOptions
---@field entity_id string? only of this thing
---@field event_type heygen.EventName? only of this type
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.Webhooks
local webhooks = {}

---Registers an address for events. The answer alone has the secret that signs them.
---@param fields heygen.WebhooksCreateEndpoint
---@return heygen.WebhookEndpoint? value
---@return string? message
---@return heygen.Error? err
function webhooks:create_endpoint(fields) end

---Registered addresses, without their secrets.
---@param fields heygen.WebhooksListEndpoints?
---@return heygen.WebhookEndpointPage? value
---@return string? message
---@return heygen.Error? err
function webhooks:list_endpoints(fields) end

---Changes the address, or the list of events.
---@param endpoint_id string|table the id, or the object whose own id it is
---@param fields heygen.WebhooksUpdateEndpoint?
---@return heygen.WebhookEndpoint? value
---@return string? message
---@return heygen.Error? err
function webhooks:update_endpoint(endpoint_id, fields) end

---Takes an address off the list.
---@param endpoint_id string|table the id, or the object whose own id it is
---@param fields heygen.WebhooksDeleteEndpoint?
---@return heygen.Nothing? value
---@return string? message
---@return heygen.Error? err
function webhooks:delete_endpoint(endpoint_id, fields) end

---Gives an address a new secret. The old one stops at once.
---@param endpoint_id string|table the id, or an object that carries it
---@param fields heygen.WebhooksRotateSecret?
---@return heygen.WebhookSecret? value
---@return string? message
---@return heygen.Error? err
function webhooks:rotate_secret(endpoint_id, fields) end

---All types of events, with what they mean.
---@param fields heygen.WebhooksEventTypes?
---@return heygen.WebhookEventType[]? value
---@return string? message
---@return heygen.Error? err
function webhooks:event_types(fields) end

---Events that there were, newest first.
---@param fields heygen.WebhooksEvents?
---@return heygen.WebhookEventPage? value
---@return string? message
---@return heygen.Error? err
function webhooks:events(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.WebhooksListEndpoints?
---@return fun(): heygen.WebhookEndpoint iterator
function webhooks:each_endpoint(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.WebhooksEvents?
---@return fun(): heygen.WebhookEvent iterator
function webhooks:each_event(fields) end

---@class heygen.UsersMe : heygen.CallOptions

---@class heygen.Users
local users = {}

---The user, and what is left to spend.
---@param fields heygen.UsersMe?
---@return heygen.User? value
---@return string? message
---@return heygen.Error? err
function users:me(fields) end

---@class heygen.VoicesList : heygen.CallOptions
---@field engine string? only voices of this engine, such as starfish
---@field gender string? only voices of this gender
---@field language string? only voices of this language, such as English
---@field limit integer? items in a page (default 20)
---@field token string? next_token of the page before
---@field type "public"|"private"|nil whose voices (default public)

---@class heygen.VoicesGet : heygen.CallOptions

---@class heygen.VoicesDelete : heygen.CallOptions

---@class heygen.VoicesCreate : heygen.PostOptions
---@field prompt string how the voice must sound
---@field gender string|lightuserdata|nil its gender
---@field locale string|lightuserdata|nil its accent, such as en-GB
---@field seed integer? another seed gives other voices (default 0)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VoicesClone : heygen.PostOptions, heygen.FileOptions
---@field audio string|heygen.FileInput a recording of the speaker
---@field voice_name string what to call it
---@field language string|lightuserdata|nil what is spoken
---@field remove_background_noise boolean? true: without the noise of the recording (default true)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VoicesSpeech : heygen.PostOptions
---@field text string what is said
---@field voice_id string one of voices:list{engine = "starfish"}
---@field input_type string? what the text is (default text)
---@field language string|lightuserdata|nil what is spoken
---@field locale string|lightuserdata|nil accent, such as en-GB
---@field speed number? how fast (default 1)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.Voices
local voices = {}

---Voices of the catalogue, or the account's own.
---@param fields heygen.VoicesList?
---@return heygen.VoicePage? value
---@return string? message
---@return heygen.Error? err
function voices:list(fields) end

---A voice; a cloned one is ready when its status is complete.
---@param voice_id string|table the id, or an object that carries it
---@param fields heygen.VoicesGet?
---@return heygen.VoiceDetails? value
---@return string? message
---@return heygen.Error? err
function voices:get(voice_id, fields) end

---Deletes a voice of the account.
---@param voice_id string|table the id, or the object whose own id it is
---@param fields heygen.VoicesDelete?
---@return heygen.DeletedVoice? value
---@return string? message
---@return heygen.Error? err
function voices:delete(voice_id, fields) end

---Finds up to three voices that fit a description. Nothing is made: the same description and seed give the same voices.
---@param fields heygen.VoicesCreate
---@return heygen.VoiceMatches? value
---@return string? message
---@return heygen.Error? err
function voices:create(fields) end

---Makes a voice from a recording.
---@param fields heygen.VoicesClone
---@return heygen.VoiceClone? value
---@return string? message
---@return heygen.Error? err
function voices:clone(fields) end

---Speaks a text, without a video. This may cost money.
---@param fields heygen.VoicesSpeech
---@return heygen.Speech? value
---@return string? message
---@return heygen.Error? err
function voices:speech(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VoicesList?
---@return fun(): heygen.Voice iterator
function voices:each(fields) end

---@class heygen.AudioSounds : heygen.CallOptions
---@field query string how it must sound
---@field limit integer? items in a page (default 10)
---@field min_score number? how well it must fit (default 0.7)
---@field token string? next_token of the page before
---@field type "music"|"sound_effects"|nil what to search for (default music)

---@class heygen.Audio
local audio = {}

---Music and sound effects that fit a description.
---@param fields heygen.AudioSounds
---@return heygen.SoundPage? value
---@return string? message
---@return heygen.Error? err
function audio:sounds(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AudioSounds
---@return fun(): heygen.Sound iterator
function audio:each_sound(fields) end

---@class heygen.AvatarsList : heygen.CallOptions
---@field limit integer? items in a page (default 20)
---@field ownership "public"|"private"|nil all when absent
---@field token string? next_token of the page before

---@class heygen.AvatarsGet : heygen.CallOptions

---@class heygen.AvatarsCreate : heygen.PostOptions, heygen.FileOptions
---@field type "digital_twin"|"photo"|"prompt"|nil which of the forms this is
---@field avatar_group_id string|lightuserdata|nil add a look to this group, instead of making a new one
---@field avatar_id string|lightuserdata|nil of prompt: a look whose identity it keeps; of avatar_group_id, where both are given
---@field file string|heygen.FileInput|nil of digital_twin, photo: the recording or picture
---@field name string? what to call it
---@field prompt string? of prompt: its appearance
---@field reference_images (string|heygen.FileInput)[]|lightuserdata|nil of prompt: pictures that show what is meant
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AvatarsUpdate : heygen.CallOptions
---@field name string? what to call it
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AvatarsDelete : heygen.CallOptions

---@class heygen.AvatarsConsent : heygen.PostOptions, heygen.FileOptions
---@field consent_text string|lightuserdata|nil what the person has agreed to
---@field consent_video string|heygen.FileInput|lightuserdata|nil a recording in which the person agrees
---@field reroute_url string|lightuserdata|nil where the person goes afterwards
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AvatarsLooks : heygen.CallOptions
---@field avatar_type "studio_avatar"|"digital_twin"|"photo_avatar"|nil only of this kind
---@field group_id string? only of this group
---@field limit integer? items in a page (default 20)
---@field ownership "public"|"private"|nil all when absent
---@field token string? next_token of the page before

---@class heygen.AvatarsGetLook : heygen.CallOptions

---@class heygen.AvatarsUpdateLook : heygen.CallOptions
---@field name string|lightuserdata|nil what to call it
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AvatarsDeleteLook : heygen.CallOptions

---@class heygen.Avatars
local avatars = {}

---Groups of looks.
---@param fields heygen.AvatarsList?
---@return heygen.AvatarGroupPage? value
---@return string? message
---@return heygen.Error? err
function avatars:list(fields) end

---A group of looks; your own is ready when its status is completed.
---@param group_id string|table the id, or an object that carries it
---@param fields heygen.AvatarsGet?
---@return heygen.AvatarGroup? value
---@return string? message
---@return heygen.Error? err
function avatars:get(group_id, fields) end

---Makes an avatar from a description, from a recording or from a picture. This may cost money.
---@param fields heygen.AvatarsCreate
---@return heygen.NewAvatar? value
---@return string? message
---@return heygen.Error? err
function avatars:create(fields) end

---Changes the name of a group.
---@param group_id string|table the id, or the object whose own id it is
---@param fields heygen.AvatarsUpdate?
---@return heygen.AvatarGroup? value
---@return string? message
---@return heygen.Error? err
function avatars:update(group_id, fields) end

---Deletes a group with all its looks.
---@param group_id string|table the id, or the object whose own id it is
---@param fields heygen.AvatarsDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function avatars:delete(group_id, fields) end

---Gives, or asks for, the consent of the person that an avatar shows.
---@param group_id string|table the id, or an object that carries it
---@param fields heygen.AvatarsConsent?
---@return heygen.AvatarConsent? value
---@return string? message
---@return heygen.Error? err
function avatars:consent(group_id, fields) end

---Looks. The id of one is the avatar_id of a video.
---@param fields heygen.AvatarsLooks?
---@return heygen.AvatarLookPage? value
---@return string? message
---@return heygen.Error? err
function avatars:looks(fields) end

---A look.
---@param look_id string|table the id, or an object that carries it
---@param fields heygen.AvatarsGetLook?
---@return heygen.AvatarLook? value
---@return string? message
---@return heygen.Error? err
function avatars:get_look(look_id, fields) end

---Changes the name of your own look.
---@param look_id string|table the id, or the object whose own id it is
---@param fields heygen.AvatarsUpdateLook?
---@return heygen.AvatarLook? value
---@return string? message
---@return heygen.Error? err
function avatars:update_look(look_id, fields) end

---Deletes a look.
---@param look_id string|table the id, or the object whose own id it is
---@param fields heygen.AvatarsDeleteLook?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function avatars:delete_look(look_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AvatarsList?
---@return fun(): heygen.AvatarGroup iterator
function avatars:each(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AvatarsLooks?
---@return fun(): heygen.AvatarLook iterator
function avatars:each_look(fields) end

---@class heygen.BrandKitsList : heygen.CallOptions
---@field limit integer? items in a page (default 20)
---@field token string? next_token of the page before

---@class heygen.BrandKitsCreate : heygen.PostOptions
---@field url string? a web site to take colours and logo from
---@field extra table<string, any>? fields that this version does not know

---@class heygen.BrandKits
local brand_kits = {}

---Brand kits of the account.
---@param fields heygen.BrandKitsList?
---@return heygen.BrandKitPage? value
---@return string? message
---@return heygen.Error? err
function brand_kits:list(fields) end

---Makes a brand kit from a web site.
---@param fields heygen.BrandKitsCreate?
---@return heygen.BrandKit? value
---@return string? message
---@return heygen.Error? err
function brand_kits:create(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.BrandKitsList?
---@return fun(): heygen.BrandKit iterator
function brand_kits:each(fields) end

---@class heygen.BrandGlossariesList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.BrandGlossariesCreate : heygen.PostOptions
---@field name string? what to call it
---@field extra table<string, any>? fields that this version does not know

---@class heygen.BrandGlossaries
local brand_glossaries = {}

---Glossaries of the account.
---@param fields heygen.BrandGlossariesList?
---@return heygen.BrandGlossaryPage? value
---@return string? message
---@return heygen.Error? err
function brand_glossaries:list(fields) end

---Makes a glossary.
---@param fields heygen.BrandGlossariesCreate?
---@return heygen.BrandGlossary? value
---@return string? message
---@return heygen.Error? err
function brand_glossaries:create(fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.BrandGlossariesList?
---@return fun(): heygen.BrandGlossary iterator
function brand_glossaries:each(fields) end

---@class heygen.TemplatesList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.TemplatesGet : heygen.CallOptions

---@class heygen.TemplatesGenerate : heygen.PostOptions
---@field variables table what to fill in, by the names of templates:get()
---@field brand_voice_id string|lightuserdata|nil the brand voice to use
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field caption boolean? true: with subtitles (default false)
---@field dimension heygen.Dimension|lightuserdata|nil size of the picture
---@field enable_sharing boolean? true: anyone who has the address can see it (default false)
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field fps 25|30|60|nil frames a second (default 25)
---@field include_gif boolean? true: with an animated preview (default false)
---@field keep_text_vertically_centered boolean? true: texts of another length stay in the middle (default false)
---@field reorder_music boolean? false: the music stays when scenes change their order (default true)
---@field scene_ids string[]|lightuserdata|nil only these scenes, in this order; one may come several times
---@field subtitles heygen.TemplateSubtitles|lightuserdata|nil the style of the subtitles; with them, without caption too
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.Templates
local templates = {}

---Templates of the account.
---@param fields heygen.TemplatesList?
---@return heygen.TemplatePage? value
---@return string? message
---@return heygen.Error? err
function templates:list(fields) end

---A template with its variables.
---@param template_id string|table the id, or an object that carries it
---@param fields heygen.TemplatesGet?
---@return heygen.Template? value
---@return string? message
---@return heygen.Error? err
function templates:get(template_id, fields) end

---Makes a video from a template. This costs money.
---@param template_id string|table the id, or an object that carries it
---@param fields heygen.TemplatesGenerate
---@return heygen.Video? value
---@return string? message
---@return heygen.Error? err
function templates:generate(template_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.TemplatesList?
---@return fun(): heygen.Template iterator
function templates:each(fields) end

---@class heygen.VideoTranslationsCreate : heygen.PostOptions, heygen.FileOptions
---@field output_languages string[] some of video_translations:languages()
---@field video string|heygen.FileReference the video to work on
---@field audio string|heygen.FileReference|lightuserdata|nil the sound, when it is not in the video
---@field brand_glossary_id string|lightuserdata|nil one of brand_glossaries:list()
---@field brand_voice_id string|lightuserdata|nil the older name of brand_glossary_id
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field disable_music_track boolean? true: without the music of the video (default false)
---@field enable_caption boolean? true: with subtitles (default false)
---@field enable_dynamic_duration boolean? false: the video keeps its length (default true)
---@field enable_speech_enhancement boolean? true: the speech is made clearer (default false)
---@field enable_watermark boolean? true: with a watermark (default false)
---@field end_time number|lightuserdata|nil seconds; where to end
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field fps_mode "vfr"|"cfr"|"passthrough"|lightuserdata|nil how frames are timed, where audio is given
---@field input_language string|lightuserdata|nil what is spoken; found out when absent
---@field keep_the_same_format boolean|lightuserdata|nil true: the format of the video given
---@field mode "speed"|"precision"|nil what matters more (default speed)
---@field speaker_num integer|lightuserdata|nil how many people speak; found out when absent
---@field srt string|heygen.FileReference|lightuserdata|nil subtitles of the video
---@field srt_role "input"|"output"|lightuserdata|nil which language the subtitles are in: that of the video, or the new one
---@field start_time number|lightuserdata|nil seconds; where to begin
---@field stock_voice_config heygen.StockVoices|lightuserdata|nil voices of the catalogue instead of those of the video
---@field title string|lightuserdata|nil a name to find it by
---@field translate_audio_only boolean? true: the sound alone, the lips stay (default false)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslationsList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.VideoTranslationsGet : heygen.CallOptions

---@class heygen.VideoTranslationsUpdate : heygen.CallOptions
---@field title string the new name
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslationsDelete : heygen.CallOptions

---@class heygen.VideoTranslationsStatuses : heygen.CallOptions
---@field batch_ids string[]? batches to show
---@field video_translation_ids string[]? the translations

---@class heygen.VideoTranslationsCreateBatch : heygen.PostOptions, heygen.FileOptions
---@field video_translations heygen.VideoTranslationBody[] what video_translations:create takes, for each
---@field callback_url string|lightuserdata|nil called once, when every item has ended
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslationsGetBatch : heygen.CallOptions
---@field limit integer? items in a page (default 100)
---@field token string? next_token of the page before

---@class heygen.VideoTranslationsLanguages : heygen.CallOptions

---@class heygen.VideoTranslationsCreateProofread : heygen.PostOptions, heygen.FileOptions
---@field output_languages string[] some of video_translations:languages()
---@field title string a name to find it by
---@field video string|heygen.FileReference the video to work on
---@field brand_glossary_id string|lightuserdata|nil one of brand_glossaries:list()
---@field brand_voice_id string|lightuserdata|nil the older name of brand_glossary_id
---@field disable_music_track boolean? true: without the music of the video (default false)
---@field enable_speech_enhancement boolean? true: the speech is made clearer (default false)
---@field enable_video_stretching boolean? true: the video may become longer or shorter (default false)
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field keep_the_same_format boolean? true: the format of the video given (default false)
---@field mode "speed"|"precision"|nil what matters more (default speed)
---@field speaker_num integer|lightuserdata|nil how many people speak; found out when absent
---@field srt string|heygen.FileReference|lightuserdata|nil subtitles of the video
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslationsGetProofread : heygen.CallOptions

---@class heygen.VideoTranslationsGenerateProofread : heygen.PostOptions
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field captions boolean? true: with subtitles (default false)
---@field translate_audio_only boolean? true: the sound alone, the lips stay (default false)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslationsGetProofreadSrt : heygen.CallOptions

---@class heygen.VideoTranslationsUpdateProofreadSrt : heygen.CallOptions, heygen.FileOptions
---@field srt string|heygen.FileReference the subtitles put right
---@field extra table<string, any>? fields that this version does not know

---@class heygen.VideoTranslations
local video_translations = {}

---Translates a video, into each language as a job of its own. This costs money.
---@param fields heygen.VideoTranslationsCreate
---@return heygen.VideoTranslationsCreated? value
---@return string? message
---@return heygen.Error? err
function video_translations:create(fields) end

---The account's translations, newest first.
---@param fields heygen.VideoTranslationsList?
---@return heygen.VideoTranslationPage? value
---@return string? message
---@return heygen.Error? err
function video_translations:list(fields) end

---One translation and its status, with fresh download addresses when it is completed.
---@param video_translation_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGet?
---@return heygen.VideoTranslation? value
---@return string? message
---@return heygen.Error? err
function video_translations:get(video_translation_id, fields) end

---Changes the title.
---@param video_translation_id string|table the id, or the object whose own id it is
---@param fields heygen.VideoTranslationsUpdate
---@return heygen.VideoTranslation? value
---@return string? message
---@return heygen.Error? err
function video_translations:update(video_translation_id, fields) end

---Deletes a translation.
---@param video_translation_id string|table the id, or the object whose own id it is
---@param fields heygen.VideoTranslationsDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function video_translations:delete(video_translation_id, fields) end

---Status of up to 100 translations in one request.
---@param fields heygen.VideoTranslationsStatuses
---@return heygen.VideoTranslationStatus[]? value
---@return string? message
---@return heygen.Error? err
function video_translations:statuses(fields) end

---Makes up to 100 translations. This costs money.
---@param fields heygen.VideoTranslationsCreateBatch
---@return heygen.BatchCreated? value
---@return string? message
---@return heygen.Error? err
function video_translations:create_batch(fields) end

---A batch with a page of its items.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGetBatch?
---@return heygen.VideoTranslationBatch? value
---@return string? message
---@return heygen.Error? err
function video_translations:get_batch(batch_id, fields) end

---The languages that can be translated into.
---@param fields heygen.VideoTranslationsLanguages?
---@return heygen.Languages? value
---@return string? message
---@return heygen.Error? err
function video_translations:languages(fields) end

---Translates the text of a video only, to be put right before it is spoken. This costs money.
---@param fields heygen.VideoTranslationsCreateProofread
---@return heygen.ProofreadsCreated? value
---@return string? message
---@return heygen.Error? err
function video_translations:create_proofread(fields) end

---A proofread and its status.
---@param proofread_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGetProofread?
---@return heygen.Proofread? value
---@return string? message
---@return heygen.Error? err
function video_translations:get_proofread(proofread_id, fields) end

---Makes the translated video from a proofread. This costs money.
---@param proofread_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGenerateProofread?
---@return heygen.ProofreadGenerated? value
---@return string? message
---@return heygen.Error? err
function video_translations:generate_proofread(proofread_id, fields) end

---Where the subtitles of a proofread are.
---@param proofread_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGetProofreadSrt?
---@return heygen.ProofreadSrt? value
---@return string? message
---@return heygen.Error? err
function video_translations:get_proofread_srt(proofread_id, fields) end

---Replaces the subtitles of a proofread.
---@param proofread_id string|table the id, or the object whose own id it is
---@param fields heygen.VideoTranslationsUpdateProofreadSrt
---@return heygen.Proofread? value
---@return string? message
---@return heygen.Error? err
function video_translations:update_proofread_srt(proofread_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.VideoTranslationsList?
---@return fun(): heygen.VideoTranslation iterator
function video_translations:each(fields) end

---All items of the batch, page after page. A failure is raised as an error object.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.VideoTranslationsGetBatch?
---@return fun(): heygen.VideoTranslationBatchItem iterator
function video_translations:each_batch_item(batch_id, fields) end

---@class heygen.LipsyncsCreate : heygen.PostOptions, heygen.FileOptions
---@field audio string|heygen.FileReference the new sound
---@field video string|heygen.FileReference the video to work on
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field disable_music_track boolean? true: without the music of the video (default false)
---@field enable_caption boolean? true: with subtitles (default false)
---@field enable_dynamic_duration boolean? false: the video keeps its length (default true)
---@field enable_speech_enhancement boolean? true: the speech is made clearer (default false)
---@field enable_watermark boolean? true: with a watermark (default false)
---@field end_time number|lightuserdata|nil seconds; where to end
---@field folder_id string|lightuserdata|nil the folder to put it into
---@field fps_mode string|lightuserdata|nil how frames are timed
---@field keep_the_same_format boolean|lightuserdata|nil true: the format of the video given
---@field mode "speed"|"precision"|nil what matters more (default speed)
---@field start_time number|lightuserdata|nil seconds; where to begin
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.LipsyncsList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.LipsyncsGet : heygen.CallOptions

---@class heygen.LipsyncsUpdate : heygen.CallOptions
---@field title string the new name
---@field extra table<string, any>? fields that this version does not know

---@class heygen.LipsyncsDelete : heygen.CallOptions

---@class heygen.LipsyncsStatuses : heygen.CallOptions
---@field batch_ids string[]? batches to show
---@field lipsync_ids string[]? the lip syncs

---@class heygen.LipsyncsCreateBatch : heygen.PostOptions, heygen.FileOptions
---@field lipsyncs heygen.LipsyncBody[] what lipsyncs:create takes, for each
---@field callback_url string|lightuserdata|nil called once, when every item has ended
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.LipsyncsGetBatch : heygen.CallOptions
---@field limit integer? items in a page (default 100)
---@field token string? next_token of the page before

---@class heygen.Lipsyncs
local lipsyncs = {}

---Gives a video another sound, with lips that fit. This costs money.
---@param fields heygen.LipsyncsCreate
---@return heygen.LipsyncCreated? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:create(fields) end

---The account's lip syncs, newest first.
---@param fields heygen.LipsyncsList?
---@return heygen.LipsyncPage? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:list(fields) end

---One lip sync and its status, with fresh download addresses when it is completed.
---@param lipsync_id string|table the id, or an object that carries it
---@param fields heygen.LipsyncsGet?
---@return heygen.Lipsync? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:get(lipsync_id, fields) end

---Changes the title.
---@param lipsync_id string|table the id, or the object whose own id it is
---@param fields heygen.LipsyncsUpdate
---@return heygen.Lipsync? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:update(lipsync_id, fields) end

---Deletes a lip sync.
---@param lipsync_id string|table the id, or the object whose own id it is
---@param fields heygen.LipsyncsDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:delete(lipsync_id, fields) end

---Status of up to 100 lip syncs in one request.
---@param fields heygen.LipsyncsStatuses
---@return heygen.LipsyncStatus[]? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:statuses(fields) end

---Makes up to 100 lip syncs. This costs money.
---@param fields heygen.LipsyncsCreateBatch
---@return heygen.BatchCreated? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:create_batch(fields) end

---A batch with a page of its items.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.LipsyncsGetBatch?
---@return heygen.LipsyncBatch? value
---@return string? message
---@return heygen.Error? err
function lipsyncs:get_batch(batch_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.LipsyncsList?
---@return fun(): heygen.Lipsync iterator
function lipsyncs:each(fields) end

---All items of the batch, page after page. A failure is raised as an error object.
---@param batch_id string|table the id, or an object that carries it
---@param fields heygen.LipsyncsGetBatch?
---@return fun(): heygen.LipsyncBatchItem iterator
function lipsyncs:each_batch_item(batch_id, fields) end

---@class heygen.BackgroundRemovalsCreate : heygen.PostOptions, heygen.FileOptions
---@field video string|heygen.FileInput the video
---@field layers string[]? which parts to give (default foreground, mask, background)
---@field request_id string|lightuserdata|nil does here what the idempotency key does elsewhere; that key when absent
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.BackgroundRemovalsList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.BackgroundRemovalsGet : heygen.CallOptions

---@class heygen.BackgroundRemovalsDelete : heygen.CallOptions

---@class heygen.BackgroundRemovals
local background_removals = {}

---Takes the background out of a video. This may cost money.
---@param fields heygen.BackgroundRemovalsCreate
---@return heygen.BackgroundRemoval? value
---@return string? message
---@return heygen.Error? err
function background_removals:create(fields) end

---The account's removals, newest first.
---@param fields heygen.BackgroundRemovalsList?
---@return heygen.BackgroundRemovalPage? value
---@return string? message
---@return heygen.Error? err
function background_removals:list(fields) end

---A removal and its status.
---@param job_id string|table the id, or an object that carries it
---@param fields heygen.BackgroundRemovalsGet?
---@return heygen.BackgroundRemoval? value
---@return string? message
---@return heygen.Error? err
function background_removals:get(job_id, fields) end

---Deletes a removal.
---@param job_id string|table the id, or the object whose own id it is
---@param fields heygen.BackgroundRemovalsDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function background_removals:delete(job_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.BackgroundRemovalsList?
---@return fun(): heygen.BackgroundRemoval iterator
function background_removals:each(fields) end

---@class heygen.AiClippingCreate : heygen.PostOptions, heygen.FileOptions
---@field video string|heygen.FileReference the video
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field input_language string|lightuserdata|nil what is spoken; found out when absent
---@field output_settings heygen.ClipSettings? form, length and subtitles of the clips
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.AiClippingList : heygen.CallOptions
---@field limit integer? items in a page (default 10)
---@field token string? next_token of the page before

---@class heygen.AiClippingGet : heygen.CallOptions

---@class heygen.AiClippingDelete : heygen.CallOptions

---@class heygen.AiClipping
local ai_clipping = {}

---Makes short clips of a long video. This may cost money.
---@param fields heygen.AiClippingCreate
---@return heygen.ClippingCreated? value
---@return string? message
---@return heygen.Error? err
function ai_clipping:create(fields) end

---The account's clippings, newest first.
---@param fields heygen.AiClippingList?
---@return heygen.ClippingPage? value
---@return string? message
---@return heygen.Error? err
function ai_clipping:list(fields) end

---A clipping, its status and its clips.
---@param job_id string|table the id, or an object that carries it
---@param fields heygen.AiClippingGet?
---@return heygen.Clipping? value
---@return string? message
---@return heygen.Error? err
function ai_clipping:get(job_id, fields) end

---Deletes a clipping.
---@param job_id string|table the id, or the object whose own id it is
---@param fields heygen.AiClippingDelete?
---@return heygen.Deleted? value
---@return string? message
---@return heygen.Error? err
function ai_clipping:delete(job_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.AiClippingList?
---@return fun(): heygen.Clipping iterator
function ai_clipping:each(fields) end

---@class heygen.FillerWordRemovalsCreate : heygen.PostOptions, heygen.FileOptions
---@field video string|heygen.FileReference the video
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field title string|lightuserdata|nil a name to find it by
---@field extra table<string, any>? fields that this version does not know

---@class heygen.FillerWordRemovalsGet : heygen.CallOptions

---@class heygen.FillerWordRemovals
local filler_word_removals = {}

---Cuts filler words out of a video. This costs money.
---@param fields heygen.FillerWordRemovalsCreate
---@return heygen.FillerWordRemovalCreated? value
---@return string? message
---@return heygen.Error? err
function filler_word_removals:create(fields) end

---A removal of filler words and its status, with a fresh download address when it is completed.
---@param filler_word_removal_id string|table the id, or an object that carries it
---@param fields heygen.FillerWordRemovalsGet?
---@return heygen.FillerWordRemoval? value
---@return string? message
---@return heygen.Error? err
function filler_word_removals:get(filler_word_removal_id, fields) end

---@class heygen.HyperframesCreateRender : heygen.PostOptions, heygen.FileOptions
---@field project string|heygen.FileInput the project, a ZIP archive with an index.html
---@field aspect_ratio "16:9"|"9:16"|"1:1"|nil form of the picture (default 16:9)
---@field callback_id string|lightuserdata|nil comes back in the callback
---@field callback_url string|lightuserdata|nil called at the end, without a signature
---@field composition string|lightuserdata|nil which one of the project
---@field format "mp4"|"webm"|"mov"|nil mp4, webm or mov
---@field fps integer|lightuserdata|nil frames a second (default 30)
---@field quality "draft"|"standard"|"high"|nil draft, standard or high
---@field resolution "1080p"|"4k"|nil size of the picture (default 1080p)
---@field title string|lightuserdata|nil a name to find it by
---@field variables table|lightuserdata|nil what the project reads, by its own names
---@field extra table<string, any>? fields that this version does not know

---@class heygen.HyperframesRenders : heygen.CallOptions
---@field limit integer? items in a page
---@field token string? next_token of the page before

---@class heygen.HyperframesGetRender : heygen.CallOptions

---@class heygen.HyperframesDeleteRender : heygen.CallOptions

---@class heygen.Hyperframes
local hyperframes = {}

---Renders a HyperFrames project. This costs money.
---@param fields heygen.HyperframesCreateRender
---@return heygen.HyperframesRenderCreated? value
---@return string? message
---@return heygen.Error? err
function hyperframes:create_render(fields) end

---The account's renders, newest first.
---@param fields heygen.HyperframesRenders?
---@return heygen.HyperframesRenderPage? value
---@return string? message
---@return heygen.Error? err
function hyperframes:renders(fields) end

---One render and its status, with fresh download addresses when it is completed.
---@param render_id string|table the id, or an object that carries it
---@param fields heygen.HyperframesGetRender?
---@return heygen.HyperframesRender? value
---@return string? message
---@return heygen.Error? err
function hyperframes:get_render(render_id, fields) end

---Deletes a render.
---@param render_id string|table the id, or the object whose own id it is
---@param fields heygen.HyperframesDeleteRender?
---@return heygen.HyperframesRenderDeleted? value
---@return string? message
---@return heygen.Error? err
function hyperframes:delete_render(render_id, fields) end

---All items of the list, page after page. A failure is raised as an error object.
---@param fields heygen.HyperframesRenders?
---@return fun(): heygen.HyperframesRender iterator
function hyperframes:each_render(fields) end

---@class heygen.FoldersCreate : heygen.PostOptions
---@field name string what to call it
---@field parent_id string|lightuserdata|nil the folder that it is in; none, when absent
---@field type "mixed"|"video"|"video_translate"|nil what it is for (default mixed)
---@field extra table<string, any>? fields that this version does not know

---@class heygen.FoldersGet : heygen.CallOptions

---@class heygen.Folders
local folders = {}

---Makes a folder. Its id is the folder_id of videos and of other jobs.
---@param fields heygen.FoldersCreate
---@return heygen.Folder? value
---@return string? message
---@return heygen.Error? err
function folders:create(fields) end

---A folder.
---@param folder_id string|table the id, or an object that carries it
---@param fields heygen.FoldersGet?
---@return heygen.Folder? value
---@return string? message
---@return heygen.Error? err
function folders:get(folder_id, fields) end

---@class heygen.ModelsGetVideo : heygen.CallOptions

---@class heygen.ModelsSpeech : heygen.PostOptions
---@field text string what is said
---@field voice_id string one of voices:list()
---@field expressiveness_boost number? liveliness (default 1)
---@field language string|lightuserdata|nil what is spoken
---@field model string? which one speaks (default heygen-voice-1)
---@field pitch_shift number|lightuserdata|nil how much higher or lower
---@field pitch_variance number|lightuserdata|nil how lively the melody is
---@field seed integer|lightuserdata|nil the same seed speaks the same way
---@field speed number|lightuserdata|nil how fast
---@field extra table<string, any>? fields that this version does not know

---@class heygen.Models
local models = {}

---An instant video and its status, with a fresh download address when it is completed.
---@param video_id string|table the id, or an object that carries it
---@param fields heygen.ModelsGetVideo?
---@return heygen.InstantVideo? value
---@return string? message
---@return heygen.Error? err
function models:get_video(video_id, fields) end

---Speaks a text with a model of voices. At most 30 calls a minute. This may cost money.
---@param fields heygen.ModelsSpeech
---@return heygen.ModelSpeech? value
---@return string? message
---@return heygen.Error? err
function models:speech(fields) end
