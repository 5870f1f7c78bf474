package hunt

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// opened hunts in what Open makes of a log.
func opened(tb testing.TB, set *Set, log []byte) (found []string, err error) {
	tb.Helper()
	r, err := Open(bytes.NewReader(log))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	err = NewScanner(set).Scan(tb.Context(), r, 0, func(m Match) error {
		found = append(found, m.Entity.String())
		return nil
	})
	return found, err
}

func zippedOnce(tb testing.TB, log []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(log); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestALogInUTF16IsRead(t *testing.T) {
	set := everything(t)
	log := strings.Repeat("строка, die nichts sagt\r\n", 5000) + "192.0.2.7 evil.example\r\n"
	for name, e := range map[string]encoding.Encoding{
		"little, marked": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "big, marked": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"little": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "big": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	} {
		wide, err := e.NewEncoder().Bytes([]byte("a log of Windows\r\n" + log))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range [][]byte{wide, zippedOnce(t, wide)} {
			if got, err := opened(t, set, in); err != nil || strings.Join(got, " ") != "ipv4:192.0.2.7 domain:evil.example" {
				t.Errorf("%s: found %v, err %v", name, got, err)
			}
		}
	}
}

func TestWhatIsNoTextIsNamed(t *testing.T) {
	set := everything(t)
	noise := make([]byte, 4096)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range noise {
		noise[i] = byte(r.IntN(256))
	}
	for log, want := range map[string]string{
		"\xfd7zXZ\x00\x00\x04rest":                  "xz",
		"PK\x03\x04rest":                            "ZIP",
		"\x04\x22\x4d\x18rest":                      "LZ4",
		"ElfFile\x00rest":                           "EVTX",
		"\xff\xfe\x00\x00a\x00\x00\x00":             "UTF-32",
		"a" + string(noise):                         "binary",
		string(zippedOnce(t, noise)):                "binary",
		string(zippedOnce(t, zippedOnce(t, noise))): "twice",
	} {
		if got, err := opened(t, set, []byte(log)); err == nil || !strings.Contains(err.Error(), want) || len(got) > 0 {
			t.Errorf("%.20q: found %v, err %v", log, got, err)
		}
	}
}

func TestTextOfAnySortIsRead(t *testing.T) {
	set := everything(t)
	packed, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWTOqy18AAAhZgAAQQAFwoAECkEAgACICNqek9CAaAEM8IAMsT9KtF3JFOFCQM6rLXw==")
	if err != nil {
		t.Fatal(err)
	}
	for name, log := range map[string]string{
		"cut while written": strings.Repeat("\x00", 5000) + "\nfrom 192.0.2.7\n",
		"FIX":               strings.Repeat("8=FIX.4.2\x019=7\x0135=A\x01", 100) + "58=192.0.2.7\x01",
		"colours":           strings.Repeat("\x1b[31mred\x1b[0m ", 100) + "192.0.2.7",
		"GBK":               strings.Repeat("\xb2\xe2\xca\xd4", 100) + " 192.0.2.7",
		"records":           "\x1e{\"a\":\"192.0.2.7\"}\n",
		"bzip2":             string(packed),
		"short":             "192.0.2.7",
	} {
		if got, err := opened(t, set, []byte(log)); err != nil || strings.Join(got, " ") != "ipv4:192.0.2.7" {
			t.Errorf("%s: found %v, err %v", name, got, err)
		}
	}
}
