package extract

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// ports reads "port 445", "UDP port 53" and "ports 80, 443 and 8080".
func (v *values) ports(words []token, i int) {
	if v.sourcePort(int(words[i].from)) {
		return
	}
	protocol := "tcp"
	if i > 0 && strings.EqualFold(v.text[words[i-1].from:words[i-1].to], "udp") {
		protocol = "udp"
	}
	if v.text[words[i].from] >= utf8.RuneSelf && v.portBefore(int(words[i].from)) {
		return
	}
	for n := i + 1; n < len(words) && n < i+12; n++ {
		word := v.text[words[n].from:words[n].to]
		gap := v.text[words[n-1].to:words[n].from]
		if lower := strings.ToLower(word); n > i+1 && (lower == "and" || lower == "or" || lower == "и" || lower == "und" || lower == "y") || n == i+1 && (lower == "tcp" || lower == "udp" || lower == "number") {
			if lower == "udp" {
				protocol = lower
			}
			continue
		}
		if !isPort(word) || len(gap) > 4 || strings.ContainsAny(gap, "\n.;") {
			return
		}
		if n+1 < len(words) && v.text[words[n].to:words[n+1].from] == "-" && v.portRange(words[n], words[n+1], protocol) {
			n++
			continue
		}
		rest := v.text[words[n].to:min(len(v.text), int(words[n].to)+5)]
		if strings.HasPrefix(rest, "/") || len(rest) > 1 && strings.IndexByte(".-:", rest[0]) >= 0 && isWordByte(rest[1]) || len(word) == 1 && !v.near(int(words[i].from), 8, "tcp", "udp") {
			return
		}
		own := protocol
		if strings.HasPrefix(strings.ToLower(rest), " udp") || strings.HasPrefix(strings.ToLower(rest), " (ud") {
			own = "udp"
		}
		v.note(intel.Entity{Kind: intel.Port, Name: word + "/" + own}, int(words[n].from), int(words[n].to), "")
	}
}

// sourcePort reports whether a port is one that a connection came from: "from
// 192.0.2.7 port 51515", "source port 51515".
func (v *values) sourcePort(from int) bool {
	if v.near(from, 12, "source ", "src ", "src_", "sport ", "client ") {
		return true
	}
	end := from - 1
	if end < 8 || v.text[end] != ' ' {
		return false
	}
	begin := end
	for begin > 0 && end-begin < 45 && (classes[v.text[begin-1]]&(digit|hex|dot|colon) != 0) {
		begin--
	}
	v.steps += end - begin
	_, err := netip.ParseAddr(v.text[begin:end])
	return err == nil && strings.HasSuffix(v.text[:begin], "from ")
}

// mostPorts is the most ports of a range that are told one by one.
const mostPorts = 16

// portRange notes the ports of a range, "6000-6005", and reports whether it is a short
// one.
func (v *values) portRange(first, last token, protocol string) bool {
	a, b := v.text[first.from:first.to], v.text[last.from:last.to]
	from, errA := strconv.Atoi(a)
	to, errB := strconv.Atoi(b)
	if errA != nil || errB != nil || !isPort(a) || !isPort(b) || len(a) < 2 || to <= from || to-from >= mostPorts {
		return false
	}
	for n := from; n <= to; n++ {
		v.note(intel.Entity{Kind: intel.Port, Name: strconv.Itoa(n) + "/" + protocol}, int(first.from), int(last.to), "")
	}
	return true
}

// portBefore notes the number right before a word for ports, as Chinese has it, and
// reports whether there is one.
func (v *values) portBefore(at int) bool {
	begin := at
	for begin > 0 && at-begin < 6 && isDigit(v.text[begin-1]) {
		begin--
	}
	if begin == at || !isPort(v.text[begin:at]) || at-begin < 2 || begin > 0 && isWordByte(v.text[begin-1]) && v.text[begin-1] < utf8.RuneSelf || begin > 0 && v.text[begin-1] == '.' {
		return false
	}
	v.note(intel.Entity{Kind: intel.Port, Name: v.text[begin:at] + "/tcp"}, begin, at, "")
	return true
}

// systems reads "AS 44477" and "ASN 49505".
func (v *values) systems(words []token, i int) {
	w := v.text[words[i].from:words[i].to]
	if i+1 >= len(words) || w != "AS" && w != "ASN" {
		return
	}
	n := words[i+1]
	gap := v.text[words[i].to:n.from]
	if number := v.text[n.from:n.to]; (gap == " " || gap == ": " || gap == ":" || gap == "-") && system(number, false) && len(number) <= 7 {
		v.note(intel.Entity{Kind: intel.ASN, Name: "AS" + number}, int(words[i].from), int(n.to), "")
	}
}

// named returns what stands in quotes behind a word that says what it is, and
// whether a word such as "named" stands between.
func (v *values) named(at int) (p piece, said bool) {
	for range 4 {
		if at >= len(v.text) || v.text[at] != ' ' && v.text[at] != ':' {
			return piece{}, false
		}
		if p = v.next(at); p.quoted {
			return p, said
		}
		switch v.text[p.from:p.to] {
		case "named", "called", "name":
			said = true
		case "with", "the", "of", "as", "line":
		default:
			return piece{}, false
		}
		at = p.to
	}
	return piece{}, false
}

// introduced reports whether behind a place stands a quotation mark or a word such
// as "named" or "with".
func (v *values) introduced(to int) bool {
	if to+1 >= len(v.text) || v.text[to] != ' ' && v.text[to] != ':' {
		return false
	}
	return v.text[to+1] >= utf8.RuneSelf || strings.IndexByte(opening+" ncwl-", v.text[to+1]) >= 0
}

// service reads the name of a service that is said to be made or to have it, or that
// is written as such are.
func (v *values) service(from, to int) {
	for _, announced := range [...]string{" name: ", " Name: ", " -Name "} {
		if strings.HasPrefix(v.text[to:], announced) {
			v.oneWord(intel.Service, to+len(announced))
			return
		}
	}
	p, said := v.named(to)
	if word := v.wordBefore(from); !said && word != "windows" && word != "malicious" && word != "new" && !v.near(from, 24, "create", "creating", "install", "register", "adds ") && !serviceName(v.text[p.from:p.to]) {
		return
	}
	v.installed(intel.Service, p)
}

// serviceName reports whether a word has the ending of the names of services.
func serviceName(s string) bool {
	s = strings.ToLower(s)
	return strings.IndexByte(s, ' ') < 0 && (strings.HasSuffix(strings.TrimRight(s, "0123456789"), "svc") || strings.HasSuffix(s, "srv"))
}

// oneWord notes a name in quotes, or one that is no word of prose.
func (v *values) oneWord(kind intel.Kind, at int) {
	if p := v.next(at); p.quoted || !p.empty() && technical(v.text[p.from:p.to]) && plainName(v.text[p.from:p.to]) {
		p.quoted = true
		v.installed(kind, p)
	}
}

// made reads the name of the service or task that a command line makes: "sc create
// NAME", "schtasks /create /tn NAME".
func (v *values) made(from, to int) {
	line := v.text[to:min(len(v.text), to+200)]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	lower := strings.ToLower(line)
	switch {
	case strings.EqualFold(v.text[from:to], "sc"):
		if rest := strings.TrimPrefix(lower, ".exe"); strings.HasPrefix(rest, " create ") && strings.Contains(rest, "binpath") {
			v.madeName(intel.Service, to+len(lower)-len(rest)+len(" create "))
		}
	case strings.Contains(lower, "/create"):
		if i := strings.Index(lower, "/tn "); i >= 0 {
			v.madeName(intel.ScheduledTask, to+i+len("/tn "))
		}
	}
}

// madeName notes the name in a command line.
func (v *values) madeName(kind intel.Kind, at int) {
	if p := v.next(at); p.quoted || !p.empty() && !strings.ContainsAny(v.text[p.from:p.to], "%<>{}$") {
		p.quoted = true
		v.installed(kind, p)
	}
}

// task reads the name of a scheduled task.
func (v *values) task(from, to int) {
	if p, _ := v.named(to); p.quoted && v.near(from, 24, "schedul") {
		v.installed(intel.ScheduledTask, p)
	}
}

// installed notes the name of what Windows starts by itself.
func (v *values) installed(kind intel.Kind, p piece) {
	if name := v.text[p.from:p.to]; p.quoted && len(name) > 2 && len(name) <= 80 && !strings.ContainsAny(name, "\n<>|") && !strings.Contains(name, "://") {
		v.note(intel.Entity{Kind: kind, Name: name}, p.from, p.to, "")
	}
}

// command reads a command line in quotes: one that names a program and what it
// is to do. What a backdoor is told in a word is none.
func (v *values) command(to int) {
	p, _ := v.named(to)
	line := v.text[p.from:p.to]
	program, rest, ok := strings.Cut(line, " ")
	if !p.quoted || !ok || len(line) > 300 || strings.TrimSpace(rest) == "" {
		return
	}
	program = strings.ToLower(program[strings.LastIndexAny(program, `/\`)+1:])
	if ending := strings.TrimSuffix(program, ".exe"); ending != program || starts(program) {
		v.note(intel.Entity{Kind: intel.Command, Name: line}, p.from, p.to, "")
	}
}

// starts reports whether a word is the name of a program of Windows or Unix that
// intruders start by a command line.
func starts(program string) bool {
	switch program {
	case "cmd", "powershell", "pwsh", "vssadmin", "wmic", "bcdedit", "wbadmin", "wevtutil", "net", "net1", "netsh", "nltest", "netstat", "sc", "reg", "schtasks", "at", "rundll32", "regsvr32", "mshta", "certutil",
		"bitsadmin", "msiexec", "cscript", "wscript", "tasklist", "taskkill", "whoami", "systeminfo", "ipconfig", "ping", "nslookup", "quser", "query", "icacls", "takeown", "attrib", "fsutil", "cipher", "esentutl", "ntdsutil",
		"adfind", "dsquery", "psexec", "procdump", "rclone", "7z", "rar", "curl", "wget", "chmod", "chattr", "crontab", "nohup", "bash", "sh", "python", "python3", "perl", "nc", "ncat", "ssh", "scp", "iptables", "systemctl", "esxcli", "vim-cmd", "sudo":
		return true
	}
	return false
}
