package documents

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestALineThatIsLongerThanWhatIsLookedAtIsRecognised(t *testing.T) {
	long := strings.Repeat("a", headSize)
	for line, want := range map[string]bool{
		`{"genre":"report","text":"` + long + `"}`:                      true,
		`{"text":"` + long + `","genre":"report"}`:                      true,
		`{"title":"a","author":"b","claims":[{"subject":"` + long + `"`: true,
		`{"title":"` + long + `"}`:                                      false, // of anything
		`{"type":"bundle","text":"` + long + `"}`:                       false,
		`{"Event":{"text":"` + long + `"}}`:                             false,
		`["text","` + long + `"]`:                                       false,
	} {
		if got := recognise(nil, "d.jsonl", []byte(line)[:headSize]); got != want {
			t.Errorf("%.60s …: recognised %t", line, got)
		}
	}
}

func TestAClaimIsOfAValueThatCanBeOfItsKind(t *testing.T) {
	const claim = `{"genre":"list","claims":[{"subject":%q,"relation":"indicates","object":"actor:apt28","by":"one.example"}]}` + "\n"
	for _, c := range []struct{ said, kept string }{
		{"domain:8.8.8.8", "ipv4:8.8.8.8"}, {"ipv6:::ffff:203.0.114.7", "ipv4:203.0.114.7"}, {"ipv4:8.8.8.8:53", "ipv4:8.8.8.8"}, {"url:https://EVIL.top./a", "url:https://evil.top/a"},
		{"ipv4:010.0.0.5", ""}, {"ipv4:127.000.000.001", ""}, {"ipv4:evil", ""}, {"md5:zz", ""}, {"sha256:1.2.3.4", ""}, {"url:javascript:alert(1)", ""}, {"url:http://010.0.0.5/", ""},
		{"url:http://0x08080808/", ""}, {"domain:evil`|x<script>alert(1)</script>.top", ""}, {"mutex:any thing", "mutex:any thing"}, {"malware:any", "malware:any"},
	} {
		var kept []string
		rejected := 0
		env := collect.Env{ID: name, Files: fstest.MapFS{"a.jsonl": {Data: fmt.Appendf(nil, claim, c.said)}}, Reject: func(string, error) { rejected++ }}
		if err := read(t.Context(), env, "a.jsonl", func(d intel.Document) error {
			kept = append(kept, d.Claims[0].Subject.String())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(kept, " "); got != c.kept || (rejected == 1) != (c.kept == "") {
			t.Errorf("%s is kept as %q, %d rejected; want %q", c.said, got, rejected, c.kept)
		}
	}
}

func FuzzRecognise(f *testing.F) {
	f.Add([]byte(`{"genre":"social","claims":[{"subject":"ipv4:192.0.2.1"`))
	f.Fuzz(func(_ *testing.T, line []byte) { begun(line) })
}
