---@meta _
-- luacheck: ignore
-- Types of what the API returns, continued (LuaCATS): voices, avatars, brands, templates, and work on videos.

---@class heygen.Voice
---@field voice_id string
---@field name string
---@field language string
---@field gender string
---@field type "public"|"private"|string
---@field support_pause boolean
---@field support_locale boolean
---@field preview_audio_url string?
---@field available_engines string[]?

---What is known of one voice: not all that a list says of it.
---@class heygen.VoiceDetails
---@field voice_id string
---@field support_pause boolean
---@field name string?
---@field language string?
---@field gender string?
---@field preview_audio_url string?
---@field status "processing"|"complete"|"failed"|string? of a clone alone; "complete", not "completed"
---@field created_at integer? Unix time
---@field failure_message string?
---@field support_interactive_avatar boolean?

---@class heygen.DeletedVoice
---@field voice_id string

---@class heygen.VoiceMatches
---@field voices heygen.Voice[] three at most, the best first; there may be none
---@field seed integer gives the same voices again

---@class heygen.VoiceClone
---@field voice_clone_id string to continue with: voices:get(voice_clone_id)

---@class heygen.Speech
---@field audio_url string
---@field duration number seconds
---@field request_id string?
---@field word_timestamps heygen.WordTimestamp[]?

---@class heygen.ModelSpeech
---@field audio_url string
---@field duration number seconds

---@class heygen.WordTimestamp
---@field word string
---@field start number seconds
---@field end number seconds

---@class heygen.Sound
---@field id string
---@field name string
---@field description string
---@field type "music"|"sound_effects"|string
---@field audio_url string
---@field duration number? seconds
---@field score number how well it fits, 0 to 1
---@field placement string?
---@field peak_offset number? seconds

---@class heygen.AvatarGroup
---@field id string
---@field name string
---@field created_at integer Unix time
---@field looks_count integer
---@field gender string?
---@field preview_image_url string?
---@field preview_video_url string?
---@field default_voice_id string?
---@field consent_status string?
---@field status "processing"|"pending_consent"|"failed"|"completed"|nil of your own
---@field error heygen.AvatarError?

---@class heygen.AvatarError
---@field code string
---@field message string

---@class heygen.AvatarLook
---@field id string the `avatar_id` of a video
---@field name string
---@field avatar_type "studio_avatar"|"digital_twin"|"photo_avatar"|string
---@field group_id string?
---@field gender string?
---@field tags string[]?
---@field supported_api_engines string[]?
---@field default_voice_id string?
---@field preferred_orientation "portrait"|"landscape"|"square"|nil
---@field image_width integer?
---@field image_height integer?
---@field preview_image_url string?
---@field preview_video_url string?
---@field status "processing"|"pending_consent"|"failed"|"completed"|nil of your own
---@field error heygen.AvatarError?

---@class heygen.NewAvatar
---@field avatar_item heygen.AvatarLook?
---@field avatar_group heygen.AvatarGroup?

---@class heygen.AvatarConsent
---@field avatar_group heygen.AvatarGroup
---@field url string? where the person agrees; absent after a recording of it

---@class heygen.Folder
---@field folder_id string
---@field name string
---@field type "mixed"|"video"|"video_translate"|string
---@field is_trash boolean
---@field created_at integer Unix time
---@field updated_at integer Unix time
---@field parent_id string? absent at the root
---@field creator_username string?

---@class heygen.InstantVideo
---@field video_id string
---@field status "pending"|"processing"|"completed"|"failed"|"cancelled"|string
---@field model "heygen-video-1"|string
---@field created_at integer Unix time
---@field video_url string? signed for some time
---@field duration integer? seconds
---@field width integer?
---@field height integer?
---@field aspect_ratio string?
---@field seed integer?
---@field timings heygen.ModelTimings?
---@field failure_code "generation_failed"|"generation_cancelled"|nil
---@field failure_message string?

---@class heygen.ModelTimings
---@field inference number seconds

---@class heygen.BrandKit
---@field brand_kit_id string
---@field name string
---@field colors string[]?
---@field logo_url string?

---@class heygen.BrandGlossary
---@field brand_glossary_id string
---@field name string
---@field created_at string
---@field updated_at string

---@class heygen.Template
---@field id string
---@field name string
---@field aspect_ratio string?
---@field thumbnail_url string?
---@field created_at integer? Unix time
---@field updated_at integer? Unix time
---@field variables table? what templates:generate fills in; absent in lists
---@field scene_ids string[]?
---@field scenes heygen.TemplateScene[]?

---@class heygen.TemplateScene
---@field scene_id string
---@field script string?
---@field variables heygen.TemplateVariable[]?

---@class heygen.TemplateVariable
---@field name string
---@field variable_type string

---@class heygen.VideoTranslationsCreated
---@field video_translation_ids string[] one for each language; always a list

---@class heygen.VideoTranslation
---@field id string
---@field status "pending"|"running"|"completed"|"failed"|string
---@field title string?
---@field input_language string?
---@field output_language string?
---@field duration number? seconds
---@field video_url string? the mp4, signed for some time
---@field audio_url string? the sound alone
---@field srt_caption_url string? with `enable_caption` only
---@field vtt_caption_url string? the same as WebVTT
---@field translate_audio_only boolean?
---@field callback_id string?
---@field created_at integer? Unix time
---@field failure_message string?

---@class heygen.VideoTranslationStatus : heygen.AnyStatus
---@field video_translation_id string?

---@class heygen.VideoTranslationBatchItem : heygen.AnyBatchItem
---@field video_translation_id string? absent until it is made

---@class heygen.VideoTranslationBatch : heygen.AnyBatch
---@field items heygen.VideoTranslationBatchItem[] a page of them
---@field next fun(self: heygen.VideoTranslationBatch): heygen.VideoTranslationBatch?, string?, heygen.Error? with the next page; nil alone: no more

---@class heygen.Languages
---@field languages string[]

---@class heygen.ProofreadsCreated
---@field proofread_ids string[] one for each language; always a list
---@field status "processing"|"completed"|"failed"|string

---@class heygen.Proofread
---@field id string
---@field status "processing"|"completed"|"failed"|string
---@field title string?
---@field input_language string?
---@field output_language string?
---@field created_at integer? Unix time
---@field submitted_for_review boolean?
---@field failure_message string?

---@class heygen.ProofreadGenerated
---@field video_translation_id string to continue with: video_translations:get(video_translation_id)
---@field status "processing"|"completed"|"failed"|string

---@class heygen.ProofreadSrt
---@field srt_url string
---@field original_srt_url string?

---@class heygen.LipsyncCreated
---@field lipsync_id string to continue with: lipsyncs:get(lipsync_id)

---@class heygen.Lipsync
---@field id string
---@field status "pending"|"running"|"completed"|"failed"|string
---@field title string?
---@field duration number? seconds
---@field video_url string? the mp4, signed for some time
---@field caption_url string?
---@field callback_id string?
---@field created_at integer? Unix time
---@field failure_message string?

---@class heygen.LipsyncStatus : heygen.AnyStatus
---@field lipsync_id string?

---@class heygen.LipsyncBatchItem : heygen.AnyBatchItem
---@field lipsync_id string? absent until it is made

---@class heygen.LipsyncBatch : heygen.AnyBatch
---@field items heygen.LipsyncBatchItem[] a page of them
---@field next fun(self: heygen.LipsyncBatch): heygen.LipsyncBatch?, string?, heygen.Error? with the next page; nil alone: no more

---@class heygen.BackgroundRemoval
---@field id string
---@field status "pending"|"processing"|"completed"|"failed"|"deleted"|string
---@field layers table? addresses of the parts, by their names
---@field duration number? seconds
---@field created_at integer? Unix time
---@field completed_at integer? Unix time
---@field error string? why it failed

---@class heygen.ClippingCreated
---@field job_id string? to continue with: ai_clipping:get(job_id)
---@field status string?

---@class heygen.Clipping
---@field id string
---@field status "pending"|"running"|"completed"|"failed"|"cancelled"|string
---@field progress integer? per cent
---@field title string?
---@field input_language string?
---@field output_settings table? as given to create; the service does not send it back so far
---@field source_duration number? seconds
---@field clips heygen.Clip[]?
---@field callback_id string?
---@field created_at integer? Unix time
---@field failure_message string?

---@class heygen.Clip
---@field id string
---@field status "pending"|"completed"|"failed"|string
---@field title string?
---@field duration_seconds number?
---@field aspect_ratio "landscape"|"portrait"|"square"|nil
---@field video_url string?
---@field thumbnail_url string?
---@field virality_score integer?
---@field failure_message string?

---@class heygen.FillerWordRemovalCreated
---@field filler_word_removal_id string to continue with: filler_word_removals:get(filler_word_removal_id)

---@class heygen.FillerWordRemoval
---@field id string
---@field status "pending"|"running"|"completed"|"failed"|string
---@field progress integer? per cent
---@field title string?
---@field num_cuts integer?
---@field original_duration number? seconds
---@field output_duration number? seconds
---@field reduction_pct number? per cent of the length that are gone
---@field video_url string? the mp4, signed for some time
---@field thumbnail_url string?
---@field callback_id string?
---@field created_at integer? Unix time
---@field failure_message string?

---@class heygen.HyperframesRenderCreated
---@field render_id string to continue with: hyperframes:get_render(render_id)

---@class heygen.HyperframesRenderDeleted
---@field render_id string

---@class heygen.HyperframesRender
---@field render_id string
---@field status "queued"|"rendering"|"completed"|"failed"|string
---@field format "mp4"|"webm"|"mov"|string
---@field title string?
---@field callback_id string?
---@field video_url string? signed for some time
---@field thumbnail_url string?
---@field duration number? seconds
---@field fps integer?
---@field composition string? which one of the project
---@field quality "draft"|"standard"|"high"|nil
---@field resolution "1080p"|"4k"|nil
---@field aspect_ratio "16:9"|"9:16"|"1:1"|nil
---@field created_at integer? Unix time
---@field completed_at integer? Unix time
---@field failure_message string?
