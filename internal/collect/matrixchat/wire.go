package matrixchat

import "encoding/json"

// What a homeserver answers (client-server API v1.11), as far as it is read.

type synced struct {
	Next  string `json:"next_batch"`
	Rooms struct {
		Join  map[string]room            `json:"join"`
		Leave map[string]json.RawMessage `json:"leave"`
	} `json:"rooms"`
}

type room struct {
	Timeline struct {
		Events  []json.RawMessage `json:"events"`
		Limited bool              `json:"limited"`
		Before  string            `json:"prev_batch"`
	} `json:"timeline"`
}

// messages is a page of the past of a room, the latest first.
type messages struct {
	Chunk []json.RawMessage `json:"chunk"`
	End   string            `json:"end"`
}

type joinedRooms struct {
	Rooms []string `json:"joined_rooms"`
}

type directory struct {
	Room string `json:"room_id"`
}

type event struct {
	ID      string          `json:"event_id"`
	Type    string          `json:"type"`
	Sender  string          `json:"sender"`
	At      float64         `json:"origin_server_ts"` // milliseconds
	Redacts string          `json:"redacts"`          // where the room is older than version 11
	Content json.RawMessage `json:"content"`
}

type content struct {
	Kind      string `json:"msgtype"`
	Body      string `json:"body"`
	Format    string `json:"format"`
	Formatted string `json:"formatted_body"`
	File      string `json:"filename"`
	Info      struct {
		Type string  `json:"mimetype"`
		Size float64 `json:"size"`
	} `json:"info"`
	Topic   string   `json:"topic"`
	Redacts string   `json:"redacts"`
	Reason  string   `json:"reason"`
	New     *content `json:"m.new_content"`
	Relates struct {
		Kind  string `json:"rel_type"`
		Reply struct {
			ID string `json:"event_id"`
		} `json:"m.in_reply_to"`
	} `json:"m.relates_to"`
}
