package report

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/portent-cti/portent/internal/collect/collecttest"
)

// zipped is an archive of the files of a txtar.
func zipped(t testing.TB, ar *txtar.Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range ar.Files {
		m, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		m.Write(f.Data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parts are the members of the DOCX in testdata.
func parts(t testing.TB) *txtar.Archive {
	t.Helper()
	ar, err := txtar.ParseFile("testdata/docx/parts.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return ar
}

// with returns the members with one of them changed or added.
func with(ar *txtar.Archive, name, data string) *txtar.Archive {
	out := &txtar.Archive{}
	for _, f := range ar.Files {
		if f.Name != name {
			out.Files = append(out.Files, f)
		}
	}
	out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(data)})
	return out
}

func TestDOCXKeepsTheContract(t *testing.T) {
	want, err := os.ReadFile("testdata/docx/want.json")
	if err != nil {
		t.Fatal(err)
	}
	body := append(zipped(t, parts(t)), '\n') // what txtar would add
	name := filepath.Join(t.TempDir(), "docx.txtar")
	err = os.WriteFile(name, txtar.Format(&txtar.Archive{Files: []txtar.File{
		{Name: "settings.json", Data: []byte(`{"path": "r.docx"}` + "\n")},
		{Name: "FILE r.docx", Data: body},
		{Name: "want.json", Data: want},
	}}), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	collecttest.Run(t, Connector, name)
}

func TestDOCXBecomesLines(t *testing.T) {
	l, err := docx(zipped(t, parts(t)))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/docx/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	if l.text+"\n" != string(want) {
		t.Errorf("got\n%s\nwant\n%s", l.text, want)
	}
	if l.title != "Cold Lynx returns" || !l.at.Equal(time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)) {
		t.Errorf("title %q, at %s", l.title, l.at)
	}
}

func TestHostileDOCXAreNamed(t *testing.T) {
	ok := parts(t)
	encrypted := zipped(t, ok)
	for i := 0; ; {
		at := bytes.Index(encrypted[i:], []byte("PK\x01\x02"))
		if at < 0 {
			break
		}
		encrypted[i+at+8] |= 1
		i += at + 4
	}
	many := &txtar.Archive{Files: append([]txtar.File{}, ok.Files...)}
	for range mostMembers {
		many.Files = append(many.Files, txtar.File{Name: "x"})
	}
	damaged := zipped(t, ok)
	copy(damaged[bytes.Index(damaged, []byte("word/document.xml"))+20:], bytes.Repeat([]byte{0xFF}, 200))
	open := `<w:document xmlns:w="w"><w:body>`
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"a compound file":         {append([]byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}, make([]byte, 600)...), "encrypted"},
		"members with a password": {encrypted, "is encrypted"},
		"cut short":               {zipped(t, ok)[:700], "damaged"},
		"bytes overwritten":       {damaged, "word/document.xml: "},
		"a bomb":                  {zipped(t, with(ok, "word/document.xml", open+strings.Repeat(" ", 1<<20))), "unpacks to more"},
		"nested":                  {zipped(t, with(ok, "word/document.xml", open+strings.Repeat("<w:p>", 300))), "too deep"},
		"elements":                {zipped(t, with(ok, "word/document.xml", open+strings.Repeat("<w:p/>", 10_000))), "too many elements"},
		"an entity":               {zipped(t, with(ok, "word/document.xml", `<!DOCTYPE d [<!ENTITY a "aaaa">]><d>&a;</d>`)), "word/document.xml: "},
		"many members":            {zipped(t, many), "more than 10000 members"},
		"a spreadsheet":           {zipped(t, &txtar.Archive{Files: []txtar.File{{Name: "[Content_Types].xml"}, {Name: "xl/workbook.xml"}}}), "without word/document.xml"},
		"unfinished":              {zipped(t, with(ok, "word/document.xml", open+"<w:p><w:r><w:t>half")), "word/document.xml: "},
	} {
		started := time.Now()
		_, err := docxWithin(c.body, bounds{member: 1 << 20, all: 2 << 20, elements: 10_000})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		t.Logf("%-24s %6d kB in %4d ms: %v", name, len(c.body)>>10, time.Since(started).Milliseconds(), err)
	}
}

func TestNamesThatLeadOutOfTheArchiveDoNothing(t *testing.T) {
	ar := with(parts(t), "../../../../etc/cron.d/x", "* * * * * root true")
	if _, err := docx(zipped(t, ar)); err != nil {
		t.Error(err)
	}
	ar = with(parts(t), "_rels/.rels", `<Relationships><Relationship Type="x/officeDocument" Target="../../../../etc/passwd"/></Relationships>`)
	if _, err := docx(zipped(t, ar)); err == nil || !strings.Contains(err.Error(), "without etc/passwd") {
		t.Errorf("%v", err)
	}
}

func FuzzDOCX(f *testing.F) {
	ar := parts(f)
	f.Add(zipped(f, ar), []byte("x"))
	for _, file := range ar.Files {
		if file.Name == "word/document.xml" {
			f.Add([]byte{}, file.Data)
		}
	}
	f.Add([]byte{}, []byte(`<document><tbl><tr><tc><tbl><tr></tr></tbl></tc></tr></tbl><hyperlink id="1"><fldSimple instr='HYPERLINK "a:b"'/></hyperlink></document>`))
	f.Fuzz(func(t *testing.T, body, document []byte) {
		_, _ = docx(body)
		_, _ = docx(zipped(t, with(ar, "word/document.xml", string(document))))
	})
}
