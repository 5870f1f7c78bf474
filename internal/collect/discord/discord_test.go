package discord

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                  "token is missing",
		`{"token":"123.abc"}`: "secret does not stand here",
		`{"token":"env:BOT","guilds":["Example"]}`:                            "is no number of Discord",
		`{"token":"env:BOT","channels":[""]}`:                                 "is no number of Discord",
		`{"token":"env:BOT","server":"discord.com"}`:                          "server:",
		`{"token":"env:BOT"}`:                                                 "",
		`{"token":"env:BOT","guilds":["1"],"channels":[1000000000000000000]}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	b := &bot{Env: collect.Env{Now: time.Now}}
	for _, cursor := range []intel.Cursor{"x", "[]", `{"last":{"a":1}}`} {
		if err := b.Collect(t.Context(), cursor, nil); !collect.IsPermanent(err) {
			t.Errorf("cursor %s: %v", cursor, err)
		}
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for code, want := range map[int]string{4004: "token", 4010: "newer", 4011: "too many servers", 4012: "newer", 4013: "newer", 4014: "Message Content Intent"} {
		if why := refusal(code); !strings.Contains(why, want) {
			t.Errorf("%d: %q, want %q in it", code, why, want)
		}
	}
	for _, code := range []int{1000, 1001, 1006, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009} {
		if why := refusal(code); why != "" {
			t.Errorf("%d may be followed by another connection: %q", code, why)
		}
	}
}

func TestACursorRemembersSoManyChannelsAndForgetsNoMessage(t *testing.T) {
	p, err := newPlace("", collecttest.Now)
	if err != nil {
		t.Fatal(err)
	}
	floor := p.Floor
	for c := snowflake(1); c <= mostChannels+10; c++ {
		p.add(c, floor+c)
	}
	if len(p.Last) != mostChannels || p.Floor != floor || p.Last[mostChannels+10] == 0 {
		t.Fatalf("%d channels, floor %v", len(p.Last), p.Floor)
	}
	if p.filled(); p.Floor != floor+10 || p.after(5) != floor+10 || p.after(11) != floor+11 {
		t.Errorf("floor %v, of a forgotten one %v", p.Floor-floor, p.after(5)-floor)
	}
	p.add(5, floor-7) // which is filled, and is older than all
	if p.Last[5] == 0 {
		t.Error("the channel that is read is forgotten")
	}
	c, err := p.cursor()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := newPlace(c, time.Time{}); err != nil || len(again.Last) != mostChannels || again.Floor != p.Floor || again.First {
		t.Errorf("%+v, %v", again, err)
	}
	if len(c) > 32<<10 {
		t.Errorf("a cursor of %d bytes", len(c))
	}
}

func TestWhatAMessageSaysIsItsTextItsEmbedsAndTheNamesOfItsFiles(t *testing.T) {
	var m message
	err := json.Unmarshal([]byte(`{"id":"1356592000000000001","channel_id":"30","guild_id":"20","type":19,"author":{"id":"501","username":"kelp","discriminator":"0"},
		"content":"<@502> C2 of **Cold Lynx**: 203.0.113.77 https://c2.example/a","timestamp":"2026-04-01T10:00:00.123000+00:00","edited_timestamp":null,
		"mentions":[{"id":"502","username":"wren","discriminator":"0"}],
		"attachments":[{"id":"1","filename":"leak\n.zip","content_type":"application/zip","size":1234,"url":"https://cdn.discordapp.com/a"}],
		"embeds":[{"type":"rich","title":"Alert","description":"loader seen","url":"https://alerts.example/1","fields":[{"name":"Host","value":"c3.example"}],"footer":{"text":"feed"}},
			{"type":"link","title":"Title of a page that somebody else wrote"}],
		"poll":{"question":{"text":"Who pays?"},"answers":[{"poll_media":{"text":"all"}}]},
		"message_reference":{"type":1,"guild_id":"21","channel_id":"31","message_id":"41"},"message_snapshots":[{"message":{"content":"passed on"}}]}`), &m)
	if err != nil {
		t.Fatal(err)
	}
	b := &bot{Env: collect.Env{ID: "test", Now: time.Now}}
	doc, ok := b.document(m)
	want := "@wren C2 of **Cold Lynx**: 203.0.113.77 https://c2.example/a\nAlert\nloader seen\nhttps://alerts.example/1\nHost\nc3.example\nfeed\nAttachment: leak .zip (application/zip, 1234 bytes)\nWho pays?\n- all\npassed on"
	if !ok || doc.Text != want {
		t.Errorf("%q, want\n%q", doc.Text, want)
	}
	if doc.Author != "discord/kelp" || doc.Channel != "discord/20/30" || doc.URL != "https://discord.com/channels/20/30/1356592000000000001" || len(doc.References) != 1 ||
		doc.References[0] != "https://discord.com/channels/21/31/41" || doc.Genre != intel.Chat || doc.Published.Format(time.RFC3339) != "2026-04-01T10:00:00Z" {
		t.Errorf("%+v", doc)
	}
}

func TestMarkupInAMessageIsTextAndLeadsNowhere(t *testing.T) {
	var m message
	err := json.Unmarshal([]byte(`{"id":"1356592000000000001","channel_id":"30","guild_id":"20","type":0,"author":{"id":"501","username":"<b>kelp</b>","discriminator":"0"},
		"content":"<script>alert(1)</script> [click](javascript:alert(2)) <@502> \u202egpj.exe \ud800","timestamp":"2026-04-01T10:00:00+00:00",
		"mentions":[{"id":"502","username":"/../x","discriminator":"0"}],
		"attachments":[{"id":"1","filename":"\u202egpj.exe\u0000<img src=x>","content_type":"text/html\r\nX: y","size":-1,"url":"javascript:alert(3)"}],
		"embeds":[{"type":"rich","title":"<img src=x onerror=alert(4)>","url":"javascript:alert(5)","author":{"name":"</article>"}}],
		"message_reference":{"type":1,"guild_id":"21","channel_id":"31","message_id":"41"}}`), &m)
	if err != nil {
		t.Fatal(err)
	}
	doc, ok := (&bot{Env: collect.Env{ID: "test", Now: time.Now}}).document(m)
	want := "<script>alert(1)</script> [click](javascript:alert(2)) @502 \u202egpj.exe \uFFFD\n</article>\n<img src=x onerror=alert(4)>\nAttachment: gpj.exe <img src=x> (text/html X: y, -1 bytes)"
	if !ok || doc.Text != want {
		t.Errorf("%q, want\n%q", doc.Text, want)
	}
	if doc.Author != "discord/501" || doc.URL != "https://discord.com/channels/20/30/1356592000000000001" || len(doc.References) != 1 || !strings.HasPrefix(doc.References[0], "https://discord.com/channels/21/") {
		t.Errorf("%+v", doc)
	}
}

func TestNobodySpeaksUnderANameThatOthersMayHave(t *testing.T) {
	for _, c := range []struct {
		m    message
		want string
	}{
		{message{Author: user{ID: 5, Name: "kelp", Tag: "0"}}, "discord/kelp"},
		{message{Author: user{ID: 5, Name: "Kelp", Tag: "0"}}, "discord/5"},
		{message{Author: user{ID: 5, Name: "kelp", Tag: "1234"}}, "discord/5"},
		{message{Author: user{ID: 5, Name: "kelp"}, Webhook: 9}, "discord/webhook-9"},
		{message{Author: user{ID: 5, Name: "7"}}, "discord/5"},
		{message{Author: user{ID: 5, Name: "a/b"}}, "discord/5"},
	} {
		if got := author(c.m); got != c.want {
			t.Errorf("%+v: %s, want %s", c.m.Author, got, c.want)
		}
	}
}

func TestErrorsTellHowLongToWaitAndNoToken(t *testing.T) {
	err := told(t.Context(), &fetch.StatusError{Status: 429, RetryAfter: time.Second, Header: map[string][]string{"X-Ratelimit-Reset-After": {"1.5"}}})
	if s := (*fetch.StatusError)(nil); !errors.As(err, &s) || s.RetryAfter != 1500*time.Millisecond {
		t.Errorf("%v", err)
	}
	for _, token := range []string{"mfa.hunter2", "hunter2", "a.hunter2.c", "MTIz.hunter2", "MTIz.hunter2 .c"} {
		b := &bot{Env: collect.Env{Reveal: func(collect.Secret) (string, error) { return token, nil }}, settings: settings{Token: "env:BOT"}}
		if _, err := b.token(); !collect.IsPermanent(err) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", token, err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"op":0,"s":3,"t":"MESSAGE_CREATE","d":{"id":"1356592000000000001","channel_id":"30","guild_id":"20","type":0,"author":{"id":"501","username":"kelp","discriminator":"0"},"content":"a <@1>","timestamp":"2026-04-01T10:00:00+00:00","mentions":[{"id":"1"}]}}`))
	f.Add([]byte(`{"op":0,"s":4,"t":"GUILD_CREATE","d":{"id":"20","channels":[{"id":"30","type":0,"last_message_id":null}],"threads":[{"id":"31","type":11,"parent_id":"30"}]}}`))
	f.Add([]byte(`{"op":0,"s":5,"t":"MESSAGE_DELETE_BULK","d":{"ids":["1","2"],"channel_id":"30","guild_id":"20"}}`))
	f.Add([]byte(`{"op":0,"s":6,"t":"MESSAGE_UPDATE","d":{"id":"1","channel_id":"30","guild_id":"20","edited_timestamp":"2026-04-01T10:00:00+00:00","content":"b"}}`))
	f.Add([]byte(`{"op":9,"d":false,"s":null,"t":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			return
		}
		e, err := parse(body)
		if err != nil || e.Op != opDispatch || e.Name == "READY" {
			return
		}
		b := &bot{Env: collect.Env{ID: "test", Now: time.Now, Reject: func(string, error) {}}, closed: map[snowflake]bool{}}
		if err := b.begin(""); err != nil {
			t.Fatal(err)
		}
		p, err := newPlace("", collecttest.Now)
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{bot: b, place: p, emit: func(doc intel.Document, _ intel.Cursor) error {
			if doc.Text == "" || doc.ID == "" || doc.Published.Location() != time.UTC || doc.Learned.Location() != time.UTC {
				t.Errorf("%+v", doc)
			}
			return nil
		}}
		if m, ok := read[message](v, e); ok {
			v.read(m.Channel, 0) // so that nobody is asked
		}
		if err := v.take(t.Context(), e); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionsAreAskedForNoFasterThanDiscordAllows(t *testing.T) {
	d := newServer(t)
	r := follow(t, d, "", nil)
	began := r.now
	for i := range 3 {
		waitFor(t, func() bool { return d.count("identify") == i+1 })
		d.finish(`{"t":null,"s":null,"op":9,"d":false}`, true)
	}
	waitFor(t, func() bool { return d.count("identify") == 4 })
	r.stop()
	if passed := r.now.Sub(began); passed < 3*betweenIdentifies {
		t.Errorf("four sessions within %v", passed)
	}
}
