package hunt

import (
	"slices"
	"strings"
	"testing"
)

const (
	xPHP = "file:/admin/x.php"
	both = xPHP + " argument:id"
	port = "port:4444/tcp"
)

// finds checks what fragments are found in logs, each once and in any order.
func finds(t *testing.T, set *Set, logs map[string]string) {
	t.Helper()
	for log, want := range logs {
		got, want := sorted(entities(t, set, log)), sorted(strings.Fields(want))
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %q, want %q", log, got, want)
		}
	}
}

func TestAFileIsFoundHoweverItsPathIsWritten(t *testing.T) {
	finds(t, attacks(), map[string]string{
		access("//admin//x.php?id=1"):                               both,
		access("/a/../admin/./x.php?id=1"):                          both,
		access("/%2e%2e/admin/%2fx.php?id=1"):                       both,
		access("/admin/x.php;jsessionid=1?id=7"):                    both,
		access("/admin;a=b/x.php?id=7"):                             both,
		access("/x/..;/admin/x.php?id=7"):                           both,
		access(`/admin\x.php?id=7`):                                 both,
		access("/admin/x.php/foo/bar.css?id=7"):                     both,
		access("/a.php/b.php/admin/x.php/c.php?id=7"):               both,
		access("/admin/x.php.bak/foo"):                              "",
		access("/admin/../x.php"):                                   "",
		access("/admin/y/x.php;/admin"):                             "",
		access("/cgi-bin/upload.cgi/x?cmd=1"):                       "file:upload.cgi argument:cmd",
		access("/" + strings.Repeat("a.php/", 9) + "admin/x.php/b"): "", // beyond any server
		access("/%252e/admin%252fx.php"):                            "",
		access("/a/..%2f..%2f../../etc"):                            "input:../../",
	})
}

func TestArgumentsAreFoundHoweverTheyAreParted(t *testing.T) {
	finds(t, attacks(), map[string]string{
		access("/admin/x.php?id[]=1"):             both,
		access("/admin/x.php?id%5Ba%5D[b]=1"):     both,
		access("/admin/x.php?a=1;id=1"):           both,
		access("/admin/x.php?a=1&amp;id=1"):       both,
		access("/admin/x.php?a=1;user=admin;b"):   xPHP + " input:admin",
		access("/admin/x.php?xid[]=1&[id]=1"):     xPHP,
		access("/admin/x.php?a=id"):               xPHP,
		access("/admin/x.php?a=x;y=../../z;id=1"): both + " input:../../",
		access("/admin/x.php?../../z"):            xPHP + " input:../../",
	})
}

func TestRequestsAreFoundInTheFieldsOfEverySchema(t *testing.T) {
	finds(t, attacks(), map[string]string{
		`{"ClientIP":"192.0.2.7","ClientRequestURI":"/admin/x.php?id=1"}`:                                            both,
		`{"httpRequest":{"requestUrl":"https://v.example/admin/x.php?id=1","requestMethod":"GET"}}`:                  both,
		`{"kind":"Event","requestURI":"/admin/x.php?id=1"}`:                                                          both,
		`{"ClientHost":"192.0.2.7","RequestPath":"/admin/x.php?id=1"}`:                                               both,
		`{"properties":{"requestUri":"/admin/x.php","requestQuery":"id=1"}}`:                                         both,
		`{"event":{"url":{"path":"/admin/x.php","query":"id=1"}}}`:                                                   both,
		`{"transaction":{"request":{"method":"POST","uri":"/admin/x.php","body":"id=..%2f..%2fz","headers":{}}}}`:    both + " input:../../",
		`{"request":"GET /admin/x.php HTTP/1.1","args":"id=7","request_body":"user=admin"}`:                          both + " input:admin",
		`{"request":"GET /other.php HTTP/1.1","request_body":"id=1"}`:                                                "",
		`I, [2026-11-20T10:00:00.1 #1]  INFO -- : Started GET "/admin/x.php?id=1" for 192.0.2.7 at 2026-11-20`:       both,
		`[GIN] 2026/11/20 - 10:00:00 | 404 |  1.2ms |  192.0.2.7 | GET      "/admin/x.php?id=1"`:                     both,
		"2026-11-20\t10:00:00\tFRA\t1\t192.0.2.7\tGET\td.example\t/admin/x.php\t200\t-\tbot/3.7%20(x)\tid=1\t-":      both,
		"2026-11-20\t10:00:00\tFRA\t1\t192.0.2.7\tGET\td.example\t/admin/x.php\t200\t-\tbot\t-\t-":                   xPHP,
		"[Fri Nov 20 10:00:00.1 2026] [php:error] [client 192.0.2.7:5] script '/var/www/html/admin/x.php' not found": xPHP,
		"[Fri Nov 20 10:00:00 2026] [error] [client 192.0.2.7] File does not exist: /var/www/admin/x.php":            xPHP,
		`2026/11/20 10:00:00 [error] 12#12: *1 open() "/usr/share/nginx/admin/x.php" failed, client: 192.0.2.7`:      xPHP,
		`2026/11/20 10:00:00 [error] *1 open() "/u/admin/x.php" failed, request: "GET /admin/x.php?id=1 HTTP/1.1"`:   both,
		`a script '/admin/y.php' and then /admin/x.php`:                                                              "",
	})
}

func TestPortsAreThoseThatAConnectionGoesTo(t *testing.T) {
	const flow = "2 123456789010 eni-1 10.0.0.5 192.0.2.7 51234 "
	finds(t, attacks(), map[string]string{
		"Nov 20 10:00:00 fw1 %ASA-4-106023: Deny tcp src inside:10.0.0.5/443 dst outside:192.0.2.7/4444 by access-group":                                     port,
		"Nov 20 10:00:00 fw1 %ASA-4-106023: Deny tcp src outside:192.0.2.7/4444 dst inside:10.0.0.5/51234 by access-group":                                   "",
		"%ASA-6-302013: Built inbound TCP connection 1 for outside:2a0b:f4c2::19/51000 to inside:10.0.0.5/4444":                                              port,
		"1,2026/11/20 10:00:00,0123,TRAFFIC,end,2560,t,10.0.0.5,192.0.2.7,0.0.0.0,0.0.0.0,r,,,ssl,v,a,b,c,d,e,t,1,1,51234,4444,1,2,0x4,tcp,allow":            port,
		"1,2026/11/20 10:00:00,0123,TRAFFIC,end,2560,t,10.0.0.5,192.0.2.7,0.0.0.0,0.0.0.0,r,,,ssl,v,a,b,c,d,e,t,1,1,4444,51234,1,2,0x4,tcp,allow":            "",
		"1,2026/11/20 10:00:00,0123,TRAFFIC,end,2560,t,10.0.0.5,192.0.2.7,0.0.0.0,0.0.0.0,r,,,ssl,v,a,b,c,d,e,t,1,1,51234,4444,1,2,0x4,udp,allow":            "",
		"11/20-10:00:00.1  [**] [1:2044244:1] ET MALWARE x [**] [Priority: 1] {TCP} 10.0.0.5:51234 -> 192.0.2.7:4444":                                        port,
		"11/20-10:00:00.1  [**] [1:2044244:1] ET MALWARE x [**] [Priority: 1] {TCP} 192.0.2.7:4444 -> 10.0.0.5:51234":                                        "",
		"11/20-10:00:00.1  [**] [1:2044244:1] ET MALWARE x [**] [Priority: 1] {UDP} 10.0.0.5:51234 -> 192.0.2.7:4444":                                        "",
		"firewall,info forward: in:bridge out:ether1, proto TCP (SYN), 10.0.0.5:51234->192.0.2.7:4444, len 52":                                               port,
		"10:00:00.123456 IP 10.0.0.5.51234 > 192.0.2.7.4444: Flags [S], seq 1":                                                                               port,
		"10:00:00.123456 IP 192.0.2.7.4444 > 10.0.0.5.51234: Flags [S], seq 1":                                                                               "",
		"10:00:00.123456 IP6 fe80::1.51234 > 2a0b:f4c2::19.4444: Flags [S], seq 1":                                                                           port,
		`tcp ESTAB 0 0 10.0.0.5:51234 192.0.2.7:4444 users:(("x",pid=1,fd=3))`:                                                                               port,
		"tcp ESTAB 0 0 [2a0b:f4c2::5]:51234 [2a0b:f4c2::19]:4444":                                                                                            port,
		"  TCP    10.0.0.5:51234         192.0.2.7:4444      ESTABLISHED     4321":                                                                           port,
		"  TCP    10.0.0.5:22         192.0.2.7:4444      ESTABLISHED     4321":                                                                              "",
		flow + "4444 6 20 4249 1764000000 1764000060 ACCEPT OK":                                                                                              port,
		flow + "443 6 20 4444 1764000000 1764000060 ACCEPT OK":                                                                                               "",
		"ts,sa,da,sp,dp,pr\n2026-11-20 10:00:00,10.0.0.5,192.0.2.7,51234,4444,TCP":                                                                           port,
		"ts,sa,da,sp,dp,pr\n2026-11-20 10:00:00,2a0b:f4c2::5,2a0b:f4c2::19,51234,4444,UDP":                                                                   "",
		"Nov 20 10:00:00 filterlog[1]: 5,,,1000,igb0,match,pass,out,4,0x0,,64,0,0,DF,6,tcp,60,10.0.0.5,192.0.2.7,51234,4444,0,S,1,,64240,,mss":               port,
		"2026-11-20 10:00:00 ALLOW TCP 10.0.0.5 192.0.2.7 51234 4444 0 - 0 0 0 - - - SEND":                                                                   port,
		"#Fields: date time action protocol src-ip dst-ip src-port dst-port\n2026-11-20 10:00:00 ALLOW TCP 10.0.0.5 192.0.2.7 51234 4444":                    port,
		`time="2026-11-20" action="Accept" src="10.0.0.5" dst="192.0.2.7" service="4444" s_port="51234" proto="6"`:                                           port,
		`time="2026-11-20" action="Accept" src="10.0.0.5" dst="192.0.2.7" service="4444" s_port="51234" proto="17"`:                                          "",
		`type="utm" srcip=10.0.0.5 dstport=4444 service="HTTP"`:                                                                                              port,
		"LEEF:2.0|V|P|1.0|15345|^|src=10.0.0.5^dst=192.0.2.7^dstPort=4444^proto=TCP":                                                                         port,
		"LEEF:2.0|V|P|1.0|15345|0x7C|src=10.0.0.5|dstPort=4444|proto=TCP":                                                                                    port,
		"LEEF:2.0|V|P|1.0|15345|xA6|src=10.0.0.5\xa6dstPort=4444\xa6proto=UDP":                                                                               "",
		`<Event><EventData><Data Name="SourcePort">51234</Data><Data Name="Protocol">tcp</Data><Data Name="DestinationPort">4444</Data></EventData></Event>`: port,
		`<Event><EventData><Data Name='Protocol'>udp</Data><Data Name='DestinationPort'>4444</Data></EventData></Event>`:                                     "",
		"1764000000.123    45 10.0.0.5 TCP_TUNNEL/200 1234 CONNECT files.example:4444 - HIER_DIRECT/192.0.2.7 -":                                             port,
		access("http://192.0.2.7:4444/x"):                                    port,
		"GET http://192.0.2.7:4444/x HTTP/1.1":                               port,
		`{"url":"http://h.example:4444/x"}`:                                  port,
		`{"url":"http://h.example:4444/x","dest_port":8080}`:                 "",
		`level=info msg="dial tcp 192.0.2.7:4444: i/o timeout"`:              port,
		`level=info msg="dial tcp [2a0b:f4c2::19]:4444: i/o timeout"`:        port,
		`level=info msg="dial udp 192.0.2.7:4444: i/o timeout"`:              "",
		"at 10:44:44 192.0.2.7:4444 came, then 4444 and 192.0.2.8 192.0.2.9": "",
		"10.0.0.5 192.0.2.7 51234 44440, 10.0.0.5 192.0.2.7 4444":            "",
	})
}
