package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// site serves texts by path on this machine, and returns its address and how an entry lets a
// source reach it.
func site(t *testing.T, texts map[string]string) (address, entry string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := texts[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return srv.URL, fmt.Sprintf("reliability = 'B'\nallow = ['127.0.0.0/8']\nports = [%s]\n", u.Port())
}

func TestWhatAProgramPrintsIsARowOfAProfileWhileServeRuns(t *testing.T) {
	lab := []byte(`
[lab]
connector = "command"
run = ["sh", "-c", "echo '{\"text\":\"Cold Lynx used 45.134.21.8 as its command and control server.\"}'; sleep 60"]
live = true
reliability = "B"
`)
	if all, err := readSources(lab); err != nil || all[0].Every != 0 {
		t.Errorf("a live program is polled: %+v, err %v", all, err)
	}
	served(t, newStore(t), file(t, "sources.toml", lab), "45.134.21.8", "actor:cold-lynx")
}

func TestAnObjectOfATAXIIServerIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, entry := site(t, map[string]string{
		"/taxii2/":                     `{"title":"Example","api_roots":["/api1/"]}`,
		"/api1/collections/":           `{"collections":[{"id":"c","title":"c","can_read":true}]}`,
		"/api1/collections/c/objects/": `{"objects":[{"type":"indicator","id":"indicator--1","pattern":"[ipv4-addr:value = '45.134.21.8']","valid_from":"2026-01-02T00:00:00Z"},{"type":"intrusion-set","id":"intrusion-set--1","name":"Cold Lynx"},{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1"}]}`,
	})
	served(t, newStore(t), file(t, "sources.toml", fmt.Appendf(nil, "[exchange]\nconnector = 'taxii'\nurl = '%s/taxii2/'\n%s", address, entry)), "45.134.21.8", "actor:cold-lynx")
}

func TestAnEventOfAMISPFeedIsARowOfAProfileWhileServeRuns(t *testing.T) {
	const uuid = "5e0c0000-0000-4000-8000-000000000001"
	address, entry := site(t, map[string]string{
		"/feed/manifest.json":     `{"` + uuid + `":{"info":"x","timestamp":"1767300000"}}`,
		"/feed/" + uuid + ".json": `{"Event":{"uuid":"` + uuid + `","info":"x","date":"2026-01-02","timestamp":"1767300000","Tag":[{"name":"misp-galaxy:threat-actor=\"Cold Lynx\""}],"Attribute":[{"type":"ip-dst","value":"45.134.21.8"}]}}`,
	})
	served(t, newStore(t), file(t, "sources.toml", fmt.Appendf(nil, "[circl]\nconnector = 'misp'\nfeed = '%s/feed'\n%s", address, entry)), "45.134.21.8", "actor:cold-lynx")
}

func TestARowOfAMappedFeedIsARowOfAProfileWhileServeRuns(t *testing.T) {
	address, entry := site(t, map[string]string{"/servers.json": `[{"address":"45.134.21.8","who":"Cold Lynx","seen":"2026-01-02 03:04:05"}]`})
	served(t, newStore(t), file(t, "sources.toml", fmt.Appendf(nil, `[ours]
connector = 'mapped'
%s
[ours.rule]
url = '%s/servers.json'
id = ['address']
time = ['seen']
together = true
[[ours.rule.claims]]
subject = 'ipv4:{address}'
relation = 'indicates'
object = ['actor:{who}']
`, entry, address)), "45.134.21.8", "actor:cold-lynx")
}
