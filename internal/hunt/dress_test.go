package hunt

import (
	"strings"
	"testing"
)

func TestAUserAgentIsAFieldWhateverEscapesItHas(t *testing.T) {
	const agent = "user-agent:NetGateBot/3.7 (probe)"
	set := marks(t, agent, "user-agent:EvilClient/1.0", `user-agent:Q "x/1" bot`, `command:cmd /c "whoami /x"`)
	for text, want := range map[string]string{
		`{"http":{"http_user_agent":"NetGateBot\/3.7 (probe)"}}`:                              agent,
		`{"http_user_agent":"NetGateBot\u002f3.7\u0020(probe\u0029"}`:                         agent,
		`{"http_user_agent":"NetGateBot\/3.7 (probe)s"}`:                                      "",
		`{"http_user_agent":"Not NetGateBot\/3.7 (probe)"}`:                                   "",
		`{"ua":"Q \"x\/1\" bot"}`:                                                             `user-agent:Q "x/1" bot`,
		`{"c":"cmd \/c \"whoami \/x\""}`:                                                      `command:cmd /c "whoami /x"`,
		"2026-11-20 10:00:00 10.0.0.1 GET / - 443 - 10.0.0.2 NetGateBot/3.7+(probe) - 200":    agent,
		"2026-11-20\t10:00:00\tGET\td.example\t/x\t200\t-\tNetGateBot/3.7%20(probe)\ta=x":     agent,
		"2026-11-20\t10:00:00\tNetGateBot/3.7%20%28probe%29\t":                                agent,
		"x NetGateBot/3.7+(probe)+y":                                                          "",
		"#Fields: date c-ip cs(User-Agent) sc-status\n2026-11-20 10.0.0.2 EvilClient/1.0 200": "user-agent:EvilClient/1.0",
		"from EvilClient/1.0 200":                                                             "",
		"\x1b[32mNetGateBot/3.7 (probe)\x1b[0m \"NetGateBot/3.7 (probe)\"":                    agent,
		strings.Repeat(" ", longestLine) + `"NetGateBot\/3.7 (probe)"`:                        agent,
	} {
		if got := strings.Join(entities(t, set, text), " "); got != want {
			t.Errorf("%.200s: found %q, want %q", text, got, want)
		}
	}
}

func TestHostsAreFoundInOtherDress(t *testing.T) {
	set := marks(t, "ipv4:45.134.21.98", "ipv6:2a0b:f4c2::19", "domain:stealc-gate.cfd", "cidr:91.92.250.0/24", "url:http://drop.example/a/b.bin", "md5:"+md5sum, "mutex:kj39-run_x")
	const four, gate = "ipv4:45.134.21.98", "domain:stealc-gate.cfd"
	for text, want := range map[string]string{
		"10:00:00.123456 IP 10.0.0.5.51234 > 45.134.21.98.9443: Flags [S], seq 1":           four,
		"10:00:00.123456 IP 45.134.21.98.9443 > 10.0.0.5.51234: Flags [S], seq 1":           four,
		"10:00:00.123456 IP6 fe80::1.51234 > 2a0b:f4c2::19.9443: Flags [S], seq 1":          "ipv6:2a0b:f4c2::19",
		"10:00:00.123456 IP6 2a0b:f4c2::19.9443 > fe80::1.51234: Flags [S], seq 1":          "ipv6:2a0b:f4c2::19",
		"45.134.21.98.9443: x, version 45.134.21.98.7, IP 45.134.21.98.99999 > x":           "",
		"\x1b[31m45.134.21.98\x1b[0m ok":                                                    four,
		"\x1b[1;31m45.134.21.98\x1b[0m \x1b[32mstealc-gate.cfd\x1b[0m":                      four + " " + gate,
		`{"log":"\u001b[31m45.134.21.98\u001b[0m"}`:                                         four,
		"\x1b[31m2a0b:f4c2::19\x1b[0m \x1b[0m" + md5sum + "\x1b[1m \x1b[1mkj39-run_x\x1b[m": "ipv6:2a0b:f4c2::19 md5:" + md5sum + " mutex:kj39-run_x",
		"x[31m45.134.21.98 31mstealc-gate.cfd":                                              "",
		"UDP Rcv 10.0.0.5 1234 Q [0001 D NOERROR] A      (11)stealc-gate(3)cfd(0)":          gate,
		"A (3)www(11)stealc-gate(3)CFD(0) (3)x-y(11)stealc-gate(3)cfd(0)":                   gate + " " + gate,
		"A (4)stealc-gate(3)cfd(0) (11)stealc-gate(3)cfdx(0) (11)stealc-gate(3)cfd":         "",
		"f(0) stealc-gate.cfd (0) 45.134.21.98":                                             gate + " " + four,
		"blocked hxxp://stealc-gate[.]cfd/x":                                                gate,
		"a[.]b.stealc-gate[.]cfd, 45[.]134[.]21[.]98 91.92.250[.]7":                         gate + " " + four + " cidr:91.92.250.0/24",
		"hxxp://drop[.]example/a/b.bin stealc-gate[.]cfd.x":                                 "url:http://drop.example/a/b.bin",
		"[.][.] stealc-gate.cfd [.]":                                                        gate,
		"045.134.021.098 login":                                                             four,
		"045.134.021.998 1045.134.021.098":                                                  "",
		"GET http://763762018/a http://0x2d861562/ http://0X2D861562:80/":                   four + " " + four + " " + four,
		"http://7637620180/a http://763762018x/ //0x2d86156/ /763762018":                    "",
		"http://1532819975/a": "cidr:91.92.250.0/24",
	} {
		if got := strings.Join(entities(t, set, text), " "); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

func TestAHostInOtherDressIsToldWhereItStands(t *testing.T) {
	set := marks(t, "domain:stealc-gate.cfd", "domain:drop.example")
	got := hunted(t, NewScanner(set), "x\nq (3)www(11)stealc-gate(3)cfd(0) drop.example\nstealc-gate[.]cfd drop.example\n")
	want := []string{"2 4 domain:stealc-gate.cfd ", "2 35 domain:drop.example ", "3 48 domain:stealc-gate.cfd ", "3 66 domain:drop.example "}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
