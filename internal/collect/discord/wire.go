package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// What Discord says, as far as it is read (API v10).

// A snowflake is the number of something, which tells when it was made. On the wire it is text.
type snowflake uint64

// discordEpoch is where the time of a snowflake begins, in milliseconds of Unix.
const discordEpoch = 1420070400000

// UnmarshalJSON implements json.Unmarshaler.
func (s *snowflake) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	n, err := strconv.ParseUint(string(bytes.Trim(text, `"`)), 10, 64)
	if err != nil {
		return fmt.Errorf("%.40s is no number of Discord: %w", text, intel.ErrInvalid)
	}
	*s = snowflake(n)
	return nil
}

func (s snowflake) String() string { return strconv.FormatUint(uint64(s), 10) }

// at is when it was made.
func (s snowflake) at() time.Time { return time.UnixMilli(int64(s>>22) + discordEpoch).UTC() }

// since is the number before all that is made from a time on.
func since(t time.Time) snowflake { return snowflake(max(t.UnixMilli()-discordEpoch, 0)) << 22 }

// What an event of the gateway is.
const (
	opDispatch, opHeartbeat, opIdentify, opResume     = 0, 1, 2, 6
	opReconnect, opInvalidSession, opHello, opHeardIt = 7, 9, 10, 11
)

type event struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int64           `json:"s"`
	Name string          `json:"t"`
}

type hello struct {
	Interval int64 `json:"heartbeat_interval"` // in ms
}

// gatewayAnswer is where the gateway is, and how often one may identify.
type gatewayAnswer struct {
	URL   string `json:"url"`
	Limit *struct {
		Remaining  int   `json:"remaining"`
		ResetAfter int64 `json:"reset_after"` // in ms
	} `json:"session_start_limit"`
}

type ready struct {
	Session string  `json:"session_id"`
	Resume  string  `json:"resume_gateway_url"`
	User    user    `json:"user"`
	Guilds  []guild `json:"guilds"`
}

type guild struct {
	ID       snowflake `json:"id"`
	Channels []channel `json:"channels"`
	Threads  []channel `json:"threads"`
}

// threads are those of a guild that came in sight.
type threads struct {
	Guild   snowflake `json:"guild_id"`
	Threads []channel `json:"threads"`
}

type channel struct {
	ID     snowflake `json:"id"`
	Guild  snowflake `json:"guild_id"`
	Parent snowflake `json:"parent_id"`
	Kind   int       `json:"type"`
	Name   string    `json:"name"`
	Last   snowflake `json:"last_message_id"`
	New    bool      `json:"newly_created"`
}

type message struct {
	ID          snowflake    `json:"id"`
	Channel     snowflake    `json:"channel_id"`
	Guild       snowflake    `json:"guild_id"`
	Kind        int          `json:"type"`
	Author      user         `json:"author"`
	Webhook     snowflake    `json:"webhook_id"`
	Content     string       `json:"content"`
	At          time.Time    `json:"timestamp"`
	Edited      *time.Time   `json:"edited_timestamp"`
	Mentions    []user       `json:"mentions"`
	Attachments []attachment `json:"attachments"`
	Embeds      []embed      `json:"embeds"`
	Poll        *poll        `json:"poll"`
	Of          *reference   `json:"message_reference"`
	Forwarded   []snapshot   `json:"message_snapshots"`
}

type user struct {
	ID   snowflake `json:"id"`
	Name string    `json:"username"`
	Tag  string    `json:"discriminator"` // "0" where names are unique
	Bot  bool      `json:"bot"`
}

type attachment struct {
	Name string `json:"filename"`
	Type string `json:"content_type"`
	Size int64  `json:"size"`
}

type embed struct {
	Kind        string  `json:"type"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	URL         string  `json:"url"`
	Author      named   `json:"author"`
	Footer      text    `json:"footer"`
	Fields      []field `json:"fields"`
}

type named struct {
	Name string `json:"name"`
}

type text struct {
	Text string `json:"text"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type poll struct {
	Question text `json:"question"`
	Answers  []struct {
		Media text `json:"poll_media"`
	} `json:"answers"`
}

type reference struct {
	Kind    int       `json:"type"` // 1: forwarded
	Guild   snowflake `json:"guild_id"`
	Channel snowflake `json:"channel_id"`
	Message snowflake `json:"message_id"`
}

type snapshot struct {
	Message struct {
		Content     string       `json:"content"`
		Attachments []attachment `json:"attachments"`
		Embeds      []embed      `json:"embeds"`
	} `json:"message"`
}

// deleted is what is told of messages that are gone.
type deleted struct {
	ID      snowflake   `json:"id"`
	IDs     []snowflake `json:"ids"`
	Channel snowflake   `json:"channel_id"`
	Guild   snowflake   `json:"guild_id"`
}
