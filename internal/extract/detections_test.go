package extract_test

import "testing"

func TestNamesOfDetectionsAndClassesAreNoHosts(t *testing.T) {
	const av, code = "name of a detection", "expression in a program"
	checkAside(t, "", map[string]string{
		"Backdoor.Win32.Agent.cc, W32.Qakbot.in":             "domain:backdoor.win32.agent.cc " + av + "; domain:w32.qakbot.in " + av,
		"Trojan-Downloader.Win32.Small.biz":                  "domain:trojan-downloader.win32.small.biz " + av,
		"HEUR:Trojan.Win32.Agent.pw, Linux.Mirai.in":         "domain:trojan.win32.agent.pw " + av + "; domain:linux.mirai.in " + av,
		"trojan.evil.top, Backdoor.evil.top, Linux.com":      "",
		"win32.evil.cc, w32.evil.in, worm.win.ru":            "",
		"org.apache.logging.log4j.core.net.JndiManager does": "domain:org.apache.logging.log4j.core.net name of a package",
		"com.example.xml.XMLParser":                          "domain:com.example.xml name of a package",
		"evil-drop.com.The next, com.evil-net.ru":            "",
		"calls WScript.Shell.Run, uses ADODB.Stream to":      "domain:wscript.shell.run " + code + "; domain:adodb.stream " + code,
		"the host Cogs.Evil.Top is":                          "",
		"a\nUpdate.Support\nb":                               "",
	})
}
