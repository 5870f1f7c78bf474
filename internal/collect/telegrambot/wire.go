package telegrambot

import "encoding/json"

// What the Bot API answers, as far as it is read.

type answer struct {
	OK     bool              `json:"ok"`
	Result []json.RawMessage `json:"result"`
}

type update struct {
	ID         int64    `json:"update_id"`
	Message    *message `json:"message"`
	Edited     *message `json:"edited_message"`
	Post       *message `json:"channel_post"`
	EditedPost *message `json:"edited_channel_post"`
}

type message struct {
	ID       int64    `json:"message_id"`
	At       int64    `json:"date"`
	EditedAt int64    `json:"edit_date"`
	Chat     chat     `json:"chat"`
	From     *user    `json:"from"`
	As       *chat    `json:"sender_chat"` // on behalf of which it is sent
	Text     string   `json:"text"`
	Caption  string   `json:"caption"`
	Entities []entity `json:"entities"`
	Captions []entity `json:"caption_entities"`
	Document *file    `json:"document"`
	Origin   *origin  `json:"forward_origin"`
}

type chat struct {
	ID   int64  `json:"id"`
	Kind string `json:"type"`
	Name string `json:"username"`
}

type user struct {
	ID   int64  `json:"id"`
	Name string `json:"username"`
}

type entity struct {
	Kind string `json:"type"`
	URL  string `json:"url"`
}

type file struct {
	Name string `json:"file_name"`
	Type string `json:"mime_type"`
	Size int64  `json:"file_size"`
}

type origin struct {
	Kind    string `json:"type"`
	Chat    *chat  `json:"chat"`
	Message int64  `json:"message_id"`
}
