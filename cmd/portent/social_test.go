package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// posted is what posts of these tests say.
const posted = "Cold Lynx used 45.134.21.8 as its command and control server."

// portOf serves until the test ends.
func portOf(t *testing.T, h http.HandlerFunc) (address, port string) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return srv.URL, u.Port()
}

// rowOf serves with one source that reads a server of the test, until what it says is known.
func rowOf(t *testing.T, port, entry string) {
	t.Helper()
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[board]\nreliability = 'B'\nallow = ['127.0.0.0/8']\nports = [%s]\n%s\n", port, entry))
	served(t, newStore(t), sources, "45.134.21.8", "actor:cold-lynx")
}

// TestAStreamIsNoSourceThatIsLate has sources that are live by their settings: between two
// visits there is no pause after which they would be late, and what came shows that they are read.
func TestAStreamIsNoSourceThatIsLate(t *testing.T) {
	all, err := readSources([]byte(`
[asked]
connector = "mastodon"
server = "https://social.example"
[told]
connector = "mastodon"
server = "https://social.example"
stream = true
every = "10m"
[program]
connector = "command"
run = ["/bin/cat"]
live = true
`))
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	for i, want := range []time.Duration{5 * time.Minute, 0, 0} { // asked, program, told
		if all[i].Every != want {
			t.Errorf("%s is visited every %v, want %v", all[i].Name, all[i].Every, want)
		}
	}
}

func TestAPostOfAForumIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/category/5":
			io.WriteString(w, `<html><body><ul component="category"><li component="category/topic"><h2 component="topic/header"><a href="/topic/2" itemprop="url">Servers</a></h2></li></ul></body></html>`)
		case "/topic/2":
			fmt.Fprintf(w, `<html><body><ul component="topic"><li component="post" data-pid="2" data-timestamp="%d" data-username="ann"><div component="post/content">%s</div></li></ul></body></html>`, time.Now().UnixMilli(), posted)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	rowOf(t, port, "connector = 'forum'\nurls = ['"+address+"/category/5']")
}

func TestAPostOnMastodonIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/timelines/tag/c2" || r.URL.Query().Get("min_id") != "" {
			io.WriteString(w, "[]")
			return
		}
		fmt.Fprintf(w, `[{"id":"1","created_at":%q,"visibility":"public","uri":"https://social.example/1","content":"<p>%s</p>","account":{"acct":"ann"}}]`, time.Now().UTC().Format(time.RFC3339), posted)
	})
	rowOf(t, port, "connector = 'mastodon'\nserver = '"+address+"'\ntimeline = '#c2'")
}

func TestAPostOnBlueskyIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		now := time.Now().UTC()
		_ = conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, `{"did":"did:plc:ann","time_us":%d,"kind":"commit","commit":{"rev":"1","operation":"create","collection":"app.bsky.feed.post","rkey":"1","cid":"c","record":{"text":%q,"createdAt":%q}}}`, now.UnixMicro(), posted, now.Format(time.RFC3339)))
		<-conn.CloseRead(r.Context()).Done()
	})
	rowOf(t, port, "connector = 'bluesky'\nserver = '"+address+"'\nwords = ['command and control']")
}

func TestAPostOnLemmyIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v3/post/list" {
			io.WriteString(w, `{"comments":[]}`)
			return
		}
		fmt.Fprintf(w, `{"posts":[{"post":{"id":1,"name":"Servers","body":%q,"ap_id":"https://lemmy.example/post/1","published":%q},"creator":{"name":"ann"},"community":{"name":"netsec"}}]}`, posted, time.Now().UTC().Format(time.RFC3339))
	})
	rowOf(t, port, "connector = 'lemmy'\nserver = '"+address+"'")
}

func TestAPostOnRedditIsARowOfAProfileWhileServeRuns(t *testing.T) {
	t.Setenv("REDDIT_KEY", "x")
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/token":
			io.WriteString(w, `{"access_token":"x","expires_in":86400}`)
		case "/r/netsec/new":
			fmt.Fprintf(w, `{"data":{"children":[{"kind":"t3","data":{"name":"t3_a","author":"ann","subreddit":"netsec","title":"Servers","selftext":%q,"is_self":true,"created_utc":%d}}]}}`, posted, time.Now().Unix())
		}
	})
	rowOf(t, port, fmt.Sprintf("connector = 'reddit'\nsubreddits = ['netsec']\nposts_alone = true\nclient_id = 'env:REDDIT_KEY'\nclient_secret = 'env:REDDIT_KEY'\napi = '%[1]s'\nlogin = '%[1]s/token'", address))
}

func TestAPostOnXIsARowOfAProfileWhileServeRuns(t *testing.T) {
	t.Setenv("X_TOKEN", "x")
	address, port := portOf(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"data":[{"id":"1","text":%q,"author_id":"2","created_at":%q}],"includes":{"users":[{"id":"2","username":"ann"}]},"meta":{"result_count":1}}`, posted, time.Now().UTC().Format(time.RFC3339))
	})
	rowOf(t, port, "connector = 'x'\nquery = 'c2'\ntoken = 'env:X_TOKEN'\napi = '"+address+"'")
}

func TestARepositoryOnGitHubIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"items":[{"id":1,"full_name":"ann/c2","description":%q,"owner":{"login":"ann"},"created_at":%q}]}`, posted, time.Now().UTC().Format(time.RFC3339))
	})
	rowOf(t, port, "connector = 'github'\nrepositories = 'c2'\napi = '"+address+"'")
}

func TestAPasteIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/list" {
			io.WriteString(w, posted)
			return
		}
		fmt.Fprintf(w, `[{"key":"a","scrape_url":"http://%s/a","date":"%d","user":"ann"}]`, r.Host, time.Now().Unix())
	})
	rowOf(t, port, "connector = 'paste'\nwords = ['command and control']\nlist = '"+address+"/list'")
}

func TestAMessageOnDiscordIsARowOfAProfileWhileServeRuns(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", "MTAwMDAwMDAwMDAwMDAwMDAx.Gexamp.documentation-example")
	address, port := portOf(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gateway/bot" {
			fmt.Fprintf(w, `{"url":"ws://%s","session_start_limit":{"remaining":1}}`, r.Host)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for _, event := range []string{
			`{"op":10,"d":{"heartbeat_interval":41250}}`,
			`{"op":0,"s":1,"t":"READY","d":{"session_id":"a","user":{"id":"1","bot":true},"guilds":[{"id":"20"}]}}`,
			`{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"20","channels":[{"id":"30","type":0,"last_message_id":null}]}}`,
			fmt.Sprintf(`{"op":0,"s":3,"t":"MESSAGE_CREATE","d":{"id":"1356592000000000001","channel_id":"30","guild_id":"20","type":0,"author":{"id":"501","username":"ann","discriminator":"0"},"content":%q,"timestamp":%q}}`, posted, time.Now().UTC().Format(time.RFC3339)),
		} {
			_ = conn.Write(r.Context(), websocket.MessageText, []byte(event))
		}
		for err == nil {
			_, _, err = conn.Read(r.Context())
		}
	})
	rowOf(t, port, "connector = 'discord'\ntoken = 'env:DISCORD_TOKEN'\nserver = '"+address+"'")
}
