package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

func TestFullWidthTextIsReadWhereItStands(t *testing.T) {
	set, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	s := extract.New(set)
	for text, want := range map[string]string{
		"攻击者使用 ｅｖｉｌ－ｄｒｏｐ．ｃｏｍ，以及４５．１３４．２１．９。":                                   "domain:evil-drop.com=ｅｖｉｌ－ｄｒｏｐ．ｃｏｍ ipv4:45.134.21.9=４５．１３４．２１．９",
		"ＣＶＥ－２０２１－４４２２８、 CVE-2021-44229":                                       "vulnerability:CVE-2021-44228=ＣＶＥ－２０２１－４４２２８ vulnerability:CVE-2021-44229=CVE-2021-44229",
		"ＡＢＣ 45.134.21.9，还有":                                                   "ipv4:45.134.21.9=45.134.21.9",
		"只有标点：（１）。":                                                            "",
		"MD5: 0f5a7c1b9d2e4a6b8c0d1e2f3a4bﬀ6d, oﬃcial":                         "md5:0f5a7c1b9d2e4a6b8c0d1e2f3a4bff6d=0f5a7c1b9d2e4a6b8c0d1e2f3a4bﬀ6d",
		"SHA256: ﬀddﬀ22cc33dd44ee55ﬀ6600112233445566778899aabbccddeeﬀ00112233": "sha256:ffddff22cc33dd44ee55ff6600112233445566778899aabbccddeeff00112233=ﬀddﬀ22cc33dd44ee55ﬀ6600112233445566778899aabbccddeeﬀ00112233",
		"hxxp://oﬃce-update[.]com/ﬁle.exe, ﬂoat":                               "domain:office-update.com=hxxp://oﬃce-update[.]com/ﬁle.exe url:http://office-update.com/file.exe=hxxp://oﬃce-update[.]com/ﬁle.exe",
		"ﬅaﬆs.evil-one.com ﬄ":                                                  "domain:stasts.evil-one.com=ﬅaﬆs.evil-one.com",
	} {
		var got []string
		for _, o := range s.Observations(intel.Document{Text: text}) {
			if o.Suppressed == "" {
				got = append(got, o.Entity.String()+"="+text[o.Offset:o.Offset+o.Length])
				if o.Text != text[o.Offset:o.Offset+o.Length] {
					t.Errorf("%s: text %q is not what stands at its place, %q", o.Entity, o.Text, text[o.Offset:o.Offset+o.Length])
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s\ngives %q\nwant  %q", text, got, want)
		}
	}
}
