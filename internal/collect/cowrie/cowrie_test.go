package cowrie

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"eventid":"cowrie.session.closed","timestamp":"2026-03-01T10:00:00Z","session":"a","src_ip":"203.0.113.7"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) > 1<<16 {
			return
		}
		e, err := read(line)
		if err != nil || e.ID == "" {
			return
		}
		all := sessions{by: map[key]*session{}}
		one := all.take(e, "")
		env := collect.Env{ID: "test", Now: func() time.Time { return collecttest.Now }}
		if doc, ok := one.document(env); ok && (len(doc.Claims) == 0 || len(doc.Claims[0].Context.Note) > intel.MostName) {
			t.Errorf("document %+v", doc)
		}
	})
}

// TestASessionGoesOnAcrossVisitsRotationsAndProcesses has a session whose events come one by
// one, each read by a source made anew or by the one of before.
func TestASessionGoesOnAcrossVisitsRotationsAndProcesses(t *testing.T) {
	for _, anew := range []bool{true, false} {
		dir := t.TempDir()
		var source collect.Source
		var cursor intel.Cursor
		var got []intel.Document
		visit := func() {
			t.Helper()
			if source == nil || anew {
				env := collect.Env{ID: "test", Files: os.DirFS(dir), Now: time.Now, Reject: func(item string, reason error) { t.Errorf("%s: %v", item, reason) }}
				var err error
				if source, err = Connector.Open(env, collect.Strict([]byte(`{"path":"cowrie.json*"}`))); err != nil {
					t.Fatal(err)
				}
			}
			err := source.Collect(t.Context(), cursor, func(doc intel.Document, next intel.Cursor) error {
				got, cursor = append(got, doc), next
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		log := filepath.Join(dir, "cowrie.json")
		write := func(id, session, more string) {
			t.Helper()
			f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(f, `{"eventid":"cowrie.%s","session":"%s","src_ip":"203.0.113.7","timestamp":"%s"%s}`+"\n", id, session, time.Now().UTC().Format(time.RFC3339Nano), more)
			f.Close()
			visit()
		}
		write("session.connect", "a", `,"protocol":"ssh","dst_port":22`)
		write("session.connect", "b", `,"protocol":"ssh","dst_port":22`)
		write("login.failed", "a", `,"username":"root"`)
		write("session.closed", "b", "")
		if err := os.Rename(log, log+".2026-03-01"); err != nil {
			t.Fatal(err)
		}
		write("login.success", "a", `,"username":"root"`)
		write("command.input", "a", `,"input":"uname -a"`)
		write("session.closed", "a", "")
		visit()
		if len(got) != 2 || !strings.Contains(got[1].Claims[0].Context.Note, "attempt 2, 1 commands") || got[1].Assumed {
			t.Errorf("anew %v: %+v", anew, got)
		}
	}
}
